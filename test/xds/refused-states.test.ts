// What a client that refuses a state keeps, and what it is still told to let go.
import { expect, test } from 'vitest';
import { proxyNode } from '../../src/envoy/node.ts';
import { nameSet } from '../../src/xds/name-set.ts';
import { hasEverything } from '../../src/xds/removal.ts';
import { type StreamEvent, type StreamStep, step } from '../../src/xds/stream.ts';
import { newStream } from '../../src/xds/stream-state.ts';
import { statusOf } from '../../src/xds/stream-status.ts';
import { asking, options, subscribing } from './requests-of-tests.ts';
import { label, snapshot } from './resources.ts';
import { converse } from './transcript.ts';

converse('delta', [
  [
    'a removal that was in a refused response goes out once the one at fault is found',
    `publish endpoint: a=1 b=1 c=1
     endpoint ask a b c
     < endpoint a=1 b=1 c=1
     endpoint ack
     publish endpoint: a=2 b=2
     < endpoint a=2 b=2 -c
     endpoint nack bad
     ! endpoint refused bad
     < endpoint a=2 -c
     endpoint ack
     < endpoint b=2
     endpoint nack bad
     ! endpoint refused bad
     ! endpoint at fault b<b=1
     endpoint ack`,
  ],
]);

converse('sotw', [
  [
    'R-05: a refused state that only left something out is not sent again as it was',
    `publish cluster: a=1 c=1
     cluster ask
     < cluster a=1 c=1
     cluster ack
     publish cluster: c=1
     < cluster c=1
     cluster nack bad
     ! cluster refused bad
     wait 60000
     publish cluster: c=2
     < cluster c=2
     cluster ack
     publish cluster: a=1 c=2
     < cluster a=1 c=2
     cluster ack`,
  ],
  [
    'R-01: a returning client that has acknowledged is not spared a cluster that it cannot hold',
    `publish cluster: a=1
     cluster back
     wait 500
     < cluster a=1
     cluster ack
     publish cluster: a=1 b=2
     < cluster a=1 b=2
     cluster nack Error adding/updating cluster(s) b: no such thing
     ! cluster refused Error adding/updating cluster(s) b: no such thing
     ! cluster at fault b
     publish cluster: a=2 b=2
     < cluster a=2`,
  ],
  [
    'a returning client that refuses without a name is never sent a state in which nothing is',
    `publish cluster: a=1 b=1 c=1 d=2
     cluster back
     wait 500
     < cluster a=1 b=1 c=1 d=2
     cluster nack bad
     ! cluster refused bad
     wait 5000
     < cluster a=1 b=1
     cluster ack
     < cluster a=1 b=1 c=1 d=2
     cluster nack bad
     ! cluster refused bad
     < cluster a=1 b=1
     cluster ack
     < cluster a=1 b=1 c=1
     cluster ack
     < cluster a=1 b=1 c=1 d=2
     cluster nack bad
     ! cluster refused bad
     ! cluster at fault d
     < cluster a=1 b=1 c=1
     wait 60000`,
  ],
]);

test('a full state has what the client holds of that which others refuse, though nothing good is known of it there', () => {
  let { state } = step(newStream({ ...options, protocol: 'sotw' }), {
    kind: 'snapshot',
    snapshot: snapshot({ cluster: 'a=1 b=1' }),
    now: 0,
  });
  const first = step(state, asking('cluster', []));
  ({ state } = step(first.state, { kind: 'drained', now: 0 }));
  ({ state } = step(state, asking('cluster', [], first.response?.nonce)));
  const next = { ...snapshot({ cluster: 'a=2' }, state.latest), withheld: { cluster: nameSet(['b']) } };
  const second = step(state, { kind: 'snapshot', snapshot: next, now: 1 });
  const labels = (response: StreamStep['response']) => response?.resources.map(({ kind, json }) => label(kind, json));
  expect(labels(second.response)).toEqual(['a=2', 'b=1']);
  ({ state } = step(second.state, { kind: 'drained', now: 1 }));
  ({ state } = step(state, asking('cluster', [], second.response?.nonce)));
  const third = { ...snapshot({ cluster: 'a=3' }, next), withheld: next.withheld };
  expect(labels(step(state, { kind: 'snapshot', snapshot: third, now: 2 }).response)).toEqual(['a=3', 'b=1']);
});

test('a client has everything that it can be sent; what others refuse is said of its type', () => {
  const start = newStream({ ...options, protocol: 'delta' });
  const withheld = { ...snapshot({ cluster: 'a=1' }), withheld: { cluster: nameSet(['b']) } };
  let { state } = step(start, { kind: 'snapshot', snapshot: withheld, now: 0 });
  const ask = (nonce: string) => step(state, subscribing('cluster', nonce));
  const { state: sent, response } = ask('');
  ({ state } = step(sent, { kind: 'drained', now: 0 }));
  expect(hasEverything(state)).toBe(false);
  ({ state } = ask(response?.nonce ?? ''));
  expect(hasEverything(state)).toBe(true);
  const facts = { node: proxyNode({}), caller: { identity: null }, nonces: { last: () => null } };
  const [status] = statusOf({ ...facts, state, connectedAt: new Date(), refusedAt: new Map() });
  expect(status?.types).toMatchObject([{ kind: 'cluster', state: 'refused', synced: false }]);
});

test('what a delta client kept because others refuse it goes when it is gone', () => {
  let { state } = step(newStream({ ...options, protocol: 'delta' }), {
    kind: 'snapshot',
    snapshot: snapshot({ cluster: 'a=1 b=1' }),
    now: 0,
  });
  const say = (event: StreamEvent) => {
    const { response, ...rest } = step(state, event);
    state = step(rest.state, { kind: 'drained', now: 0 }).state;
    return response;
  };
  const ask = (nonce: string) => say(subscribing('cluster', nonce));
  ask(ask('')?.nonce ?? '');
  const kept = { ...snapshot({ cluster: 'a=2' }, state.latest), withheld: { cluster: nameSet(['b']) } };
  const next = say({ kind: 'snapshot', snapshot: kept, now: 0 });
  expect(next?.removed).toEqual([]);
  ask(next?.nonce ?? '');
  expect(say({ kind: 'snapshot', snapshot: snapshot({ cluster: 'a=2' }, kept), now: 0 })?.removed).toEqual(['b']);
});
