// The rules of a Lease, and what becomes of conditions: without a clock and without an API.
import { expect, test } from 'vitest';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import type { ObjectId } from '../../src/model/object.ts';
import { conditionsOf, mergeConditions, onlyCountsDiffer } from '../../src/status/conditions.ts';
import {
  defaultLeaseTimes,
  leads,
  leaseRecord,
  lost,
  mayTake,
  noLeadership,
  see,
  taken,
} from '../../src/status/leadership.ts';

const record = (version: string, spec: object = {}) =>
  leaseRecord({
    metadata: { resourceVersion: version },
    spec: { holderIdentity: 'other', leaseDurationSeconds: 15, ...spec },
  });

test("R-71: a leader's time ends before another's begins", () => {
  const { deadline, duration } = defaultLeaseTimes;
  const leader = taken(noLeadership, '1', 1000, defaultLeaseTimes);
  expect(leads(leader, 1000 + deadline - 1)).toBe(true);
  expect(leads(leader, 1000 + deadline)).toBe(false);
  const follower = see(noLeadership, record('1'), 1000);
  expect(mayTake(follower, record('1'), 'me', 1000 + duration - 1)).toBe(false);
  expect(mayTake(follower, record('1'), 'me', 1000 + duration)).toBe(true);
  expect(leads(lost(leader), 1001)).toBe(false);
});

test('a Lease that changes is waited for anew', () => {
  const first = see(noLeadership, record('1'), 0);
  expect(see(first, record('1'), 9_000)).toBe(first);
  const second = see(first, record('2'), 9_000);
  expect(mayTake(second, record('2'), 'me', 16_000)).toBe(false);
  expect(mayTake(second, record('2'), 'me', 24_000)).toBe(true);
});

test('S-51: a Lease that claims to last for ever is taken after a minute, and one that says nothing is taken', () => {
  for (const leaseDurationSeconds of [2 ** 31, 1e12]) {
    const forged = record('1', { leaseDurationSeconds });
    expect(mayTake(see(noLeadership, forged, 0), forged, 'me', 59_999)).toBe(false);
    expect(mayTake(see(noLeadership, forged, 0), forged, 'me', 60_000)).toBe(true);
  }
  for (const leaseDurationSeconds of [-1, 0, 'x', null, 1.5]) {
    const forged = record('1', { leaseDurationSeconds });
    expect(mayTake(see(noLeadership, forged, 0), forged, 'me', 15_000)).toBe(true);
    expect(mayTake(see(noLeadership, forged, 0), forged, 'me', 14_999)).toBe(false);
  }
  expect(mayTake(noLeadership, record('1', { holderIdentity: '' }), 'me', 0)).toBe(true);
  expect(mayTake(noLeadership, null, 'me', 0)).toBe(true);
});

const finding = (code: Diagnostic['code'], severity: Diagnostic['severity']): Diagnostic => ({
  ...{ code, severity, message: 'why', object: 'x' as ObjectId, path: ['spec', 'host'], location: null },
});

test('what is wrong is told by the condition that it belongs to', () => {
  const statuses = (...found: Diagnostic[]) =>
    conditionsOf(found, { proxies: 2, acknowledged: 2 }).map((each) => each.reason);
  expect(statuses()).toEqual(['Accepted', 'ResolvedRefs', 'Programmed']);
  expect(statuses(finding('SLC0101', 'warning'))).toEqual(['Accepted', 'ResolvedRefs', 'Programmed']);
  expect(statuses(finding('SLC0102', 'error'))).toEqual(['Invalid', 'ResolvedRefs', 'Programmed']);
  expect(statuses(finding('SLC0201', 'warning'))).toEqual(['Accepted', 'NotFound', 'Programmed']);
  expect(statuses(finding('SLC0501', 'error'))).toEqual(['Accepted', 'ResolvedRefs', 'Refused']);
  const [, , pending] = conditionsOf([], { proxies: 3, acknowledged: 1 });
  expect(pending).toMatchObject({ status: 'False', reason: 'Pending', message: '1 of 3 proxies have it' });
});

test("others' conditions stay, ours are written once, and times change with the status alone", () => {
  const ours = conditionsOf([], { proxies: 1, acknowledged: 1 });
  const others = { type: 'Reconciled', status: 'True' };
  const first = mergeConditions({ conditions: [others] }, ours, 2, 'then');
  expect(first?.map(({ type }) => type)).toEqual(['Reconciled', 'Accepted', 'ResolvedRefs', 'Programmed']);
  expect(mergeConditions({ conditions: first }, ours, 2, 'now')).toBeNull();
  const next = mergeConditions({ conditions: first }, conditionsOf([], { proxies: 2, acknowledged: 1 }), 3, 'now');
  expect(next?.map(({ lastTransitionTime = '' }) => lastTransitionTime)).toEqual(['', 'then', 'then', 'now']);
  expect(next?.slice(1).map(({ observedGeneration }) => observedGeneration)).toEqual([3, 3, 3]);
  for (const broken of [undefined, null, 'x', { conditions: 'x' }, { conditions: [null, 1] }]) {
    expect(mergeConditions(broken, ours, 1, 'now')).toHaveLength(3);
  }
});

test('how many proxies there are is no news by itself', () => {
  const counted = (proxies: number) => conditionsOf([], { proxies, acknowledged: proxies });
  expect(onlyCountsDiffer(counted(1), counted(2))).toBe(true);
  expect(onlyCountsDiffer(counted(1), conditionsOf([], { proxies: 2, acknowledged: 1 }))).toBe(false);
});
