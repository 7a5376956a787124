// TCP and TLS routes of a VirtualService, by the backends that connections reach and by Envoy's own counts.
import { connect } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { poll } from '../../src/inject/poll.ts';
import { counts, TestMesh } from '../harness/mesh.ts';
import { addresses } from '../harness/shop.ts';
import { canary, first, ruleWith, second, to, versionsOf } from '../harness/versions.ts';

let mesh: TestMesh;

afterEach(async () => {
  await mesh.check();
  await mesh.close();
});

// 30 of 120 connections go to the canary, give or take 4.7: beyond 28 away lies less than one run in 1e8.
test('connections are shared out by weight, and those of one client go their own way', async () => {
  const [guest = ''] = addresses(1, 100);
  const shared = { route: [to('v1', 3), to('v2', 1)] };
  const own = { match: [{ sourceSubnet: guest }], route: [to('v2')] };
  mesh = await TestMesh.start({ ...versionsOf({ name: 'tcp', number: 70 }), ...ruleWith({ tcp: [own, shared] }) });
  const seen = counts(await mesh.requests(120));
  expect(Object.keys(seen).sort()).toEqual([first, second, canary].sort());
  expect(seen[canary]).toBeGreaterThan(2);
  expect(seen[canary]).toBeLessThan(58);
  expect(counts(await mesh.requests(20, { from: guest }))).toEqual({ [canary]: 20 });
});

test('the server that a TLS client asks for decides', async () => {
  const tls = [{ match: [{ sniHosts: ['shop'] }], route: [to('v2')] }];
  mesh = await TestMesh.start({ ...versionsOf({ name: 'tls', number: 71 }), ...ruleWith({ tls }) });
  const { address: host, port } = mesh.target('shop:71').listens;
  const connectTo = (servername: string) =>
    new Promise((resolve) => {
      // The backends speak no TLS: it is enough that they were reached.
      connect({ host, port, servername }).on('error', resolve);
    });
  for (const name of ['shop', 'shop', 'other']) await connectTo(name);
  const total = (cluster: string) => `tcp.${cluster}.downstream_cx_total`;
  const reached = async () => {
    const stats = await mesh.admin.stats('^tcp[.].*downstream_cx_total$');
    const [chosen, refused] = ['outbound|71|v2|shop.default.svc.cluster.local', 'BlackHoleCluster'].map(total);
    return (stats.get(chosen ?? '') === 2 && stats.get(refused ?? '') === 1) || undefined;
  };
  await poll(reached, { within: 10_000, every: 20, what: 'two connections to the subset, and one to nowhere' });
});
