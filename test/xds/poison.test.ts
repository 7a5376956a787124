// R-50 up to the proxies: a fault in one object, or for one proxy, stops nobody else.
import { expect, onTestFinished, test } from 'vitest';
import { ControlPlane } from '../../src/control-plane.ts';
import { proxyNode } from '../../src/envoy/node.ts';
import type { SourceObject } from '../../src/model/object.ts';
import type { Source, SourceReport } from '../../src/sources/source.ts';
import { startXdsServer } from '../../src/xds/server.ts';
import { AdsClient } from '../harness/ads-client.ts';
import { type Hostile, hostileToEmit, hostileToResolve } from '../harness/hostile.ts';
import { service } from '../translate/objects.ts';

const named = (name: string, port = 80): SourceObject => service({ name, ports: [{ name: 'http', port }] });

/** A control plane on objects that are put in as they are, and its xDS server. */
async function running(...first: readonly SourceObject[]) {
  let report: (report: SourceReport) => void = () => {};
  const reportOf = (objects: readonly SourceObject[]): SourceReport => ({
    changes: objects.map((object) => ({ kind: 'applied', object })),
    diagnostics: [],
  });
  const source: Source = {
    start: async (onReport) => {
      report = onReport;
      onReport(reportOf(first));
    },
    close: async () => {},
  };
  const faults: unknown[] = [];
  const controlPlane = new ControlPlane({
    sources: [source],
    allowLoopbackEndpoints: false,
    onFault: (error) => faults.push(error),
  });
  onTestFinished(() => controlPlane.close());
  await controlPlane.start();
  const server = await startXdsServer({ provider: controlPlane, port: 0, timers: { drain: 0 } });
  onTestFinished(() => server.close());
  const connect = (namespace = 'default'): AdsClient => {
    const node = { id: `sidecar~10.0.0.1~a.${namespace}~${namespace}.svc.cluster.local` };
    const ads = new AdsClient({ port: server.port, protocol: 'delta', node });
    onTestFinished(() => ads.close());
    ads.subscribe('cluster');
    return ads;
  };
  return { controlPlane, faults, connect, apply: (...objects: SourceObject[]) => report(reportOf(objects)) };
}

const cluster = (name: string, port = 80): string => `outbound|${port}||${name}.default.svc.cluster.local`;
const outbound = (names: Iterable<string>): readonly string[] =>
  [...names].filter((name) => name.startsWith('outbound')).sort();

test('R-50: a poisoned object is not there, all others are, and their changes arrive', async () => {
  const { connect, apply, controlPlane, faults } = await running(named('a'), hostileToResolve(named('b')).object);
  const ads = connect();
  expect(outbound((await ads.take('cluster')).resources.keys())).toEqual([cluster('a')]);
  apply(named('c'));
  expect(outbound((await ads.take('cluster')).resources.keys())).toEqual([cluster('c')]);
  expect(controlPlane.diagnostics.find(({ code }) => code === 'SLC0502')).toMatchObject({
    object: named('b').id,
    message: 'translating it failed: a fault in resolve; it is left out',
  });
  expect(faults.length).toBe(1);
});

test('R-50: a poisoned edit changes nothing for its object, and what is edited with it applies', async () => {
  const { connect, apply } = await running(named('a'), named('b'));
  const ads = connect();
  expect(outbound((await ads.take('cluster')).resources.keys())).toEqual([cluster('a'), cluster('b')]);
  apply(hostileToResolve(named('b', 81)).object, named('c'));
  const next = await ads.take('cluster');
  expect([outbound(next.resources.keys()), next.removed]).toEqual([[cluster('c')], []]);
});

test('R-50: where emitting an object fails, proxies that come get everything else', async () => {
  const bad: Hostile = hostileToEmit(named('b'));
  const { connect, apply, controlPlane } = await running(named('a'), bad.object);
  bad.armed = true;
  const ads = connect();
  expect(outbound((await ads.take('cluster')).resources.keys())).toEqual([cluster('a')]);
  apply(named('c'));
  expect(outbound((await ads.take('cluster')).resources.keys())).toEqual([cluster('c')]);
  bad.armed = false;
  expect(controlPlane.diagnostics.map(({ code }) => code)).toContain('SLC0502');
});

test('R-50: a proxy for which nothing can be made does not stop the others, nor itself for good', async () => {
  const { connect, apply, controlPlane, faults } = await running(named('a'));
  let broken = true;
  const node = {
    ...proxyNode(),
    get namespace(): string {
      if (broken) throw new Error('a fault of one proxy');
      return 'default';
    },
  };
  const snapshots: number[] = [];
  // It comes first: what stops at it would stop before the others.
  controlPlane.follow(node, (snapshot) => snapshots.push(snapshot.cluster.size));
  const ads = connect();
  await ads.take('cluster');
  apply(named('b'));
  expect(outbound((await ads.take('cluster')).resources.keys())).toEqual([cluster('b')]);
  expect(snapshots).toEqual([]);
  expect(faults.length).toBeGreaterThan(0);
  broken = false;
  apply(named('c'));
  await ads.take('cluster');
  expect(snapshots.length).toBe(1);
});
