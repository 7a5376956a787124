// LRS: what proxies say of their load is kept, bounded, and forgotten with their stream. The real Envoy among them.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import { listProxies, type ProxyList } from '../../../src/cli/serve/proxies.ts';
import { bootstrap } from '../../../src/inject/bootstrap.ts';
import { EnvoyProcess, findEnvoy } from '../../../src/inject/launcher.ts';
import { poll } from '../../../src/inject/poll.ts';
import type { LoadReport } from '../../../src/xds/services/load-reports.ts';
import { type Conversation, converse, type Json, serveAll, sidecar } from './client.ts';

const service = 'envoy.service.load_stats.v3.LoadReportingService';

/** Hands out the reports one by one, in the order in which they came. */
function queueOf(): { readonly onReport: (report: LoadReport) => void; next(): Promise<LoadReport> } {
  const queue: LoadReport[] = [];
  let wake = (): void => {};
  const next = async (): Promise<LoadReport> => {
    for (;;) {
      const report = queue.shift();
      if (report !== undefined) return report;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const onReport = (report: LoadReport): void => {
    queue.push(report);
    wake();
  };
  return { onReport, next };
}

const stats = (cluster: string, issued: number, more: Json = {}): Json => ({
  cluster_name: cluster,
  upstream_locality_stats: [
    {
      locality: { region: 'eu', zone: 'a' },
      total_issued_requests: issued,
      total_requests_in_progress: 2,
      total_error_requests: 1,
    },
  ],
  ...more,
});

async function introduced(port: number, node: Json): Promise<Conversation> {
  const stream = converse(port, service, 'StreamLoadStats');
  stream.write({ node });
  await stream.next();
  return stream;
}

test('a proxy is told what to report and how often; the last report is kept until its stream ends', async () => {
  const { onReport, next } = queueOf();
  const { server, services, connect } = await serveAll({}, { load: { interval: 1500, onReport } });
  const stream = converse(server.port, service, 'StreamLoadStats');
  stream.write({ node: sidecar('web', 'shop') });
  expect(await stream.next()).toMatchObject({
    send_all_clusters: true,
    load_reporting_interval: { seconds: 1, nanos: 500_000_000 },
  });
  stream.write({ cluster_stats: [stats('a', 7)] });
  await next();
  stream.write({ cluster_stats: [stats('a', 9, { total_dropped_requests: 3 })] });
  await next();
  const zone = { cluster: 'a', locality: 'eu/a', issued: 9, inProgress: 2, errors: 1, dropped: 0 };
  const drops = { cluster: 'a', locality: '', issued: 0, inProgress: 0, errors: 0, dropped: 3 };
  expect(services.loadReports()).toMatchObject([{ node: { name: 'web' }, loads: [zone, drops], leftOut: 0 }]);
  const proxy = connect(sidecar('web', 'shop'));
  proxy.subscribe('cluster');
  await proxy.next('cluster');
  const listed = (): ProxyList =>
    listProxies({
      streams: () => server.streams(),
      loadReports: () => services.loadReports(),
      refusals: () => [],
      objects: () => new Map(),
    });
  expect(listed().proxies[0]?.load).toMatchObject({ leftOut: 0, clusters: [zone, drops] });
  stream.end();
  await stream.ended;
  expect(services.loadReports()).toEqual([]);
  expect(listed().proxies[0]?.load).toBeNull();
});

test('S-11: a report of too many clusters is cut, and says so', async () => {
  const { onReport, next } = queueOf();
  const { server } = await serveAll({}, { load: { onReport } });
  const stream = await introduced(server.port, sidecar('web', 'shop'));
  stream.write({ cluster_stats: Array.from({ length: 6000 }, (_, index) => stats(`c${index}`, 1)) });
  const { loads, leftOut } = await next();
  expect([loads.length, leftOut]).toEqual([5000, 1000]);
});

test('a stream that does not say who it is, or says so for another namespace, is ended', async () => {
  const identity = { trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'default' };
  const { server } = await serveAll({}, { identity: () => identity });
  const code = async (node: Json): Promise<status> => {
    const stream = converse(server.port, service, 'StreamLoadStats');
    stream.write({ node });
    return (await stream.ended).code;
  };
  expect(await code({ id: '' })).toBe(status.INVALID_ARGUMENT);
  expect(await code(sidecar('web', 'other'))).toBe(status.PERMISSION_DENIED);
  const own = await introduced(server.port, sidecar('web', 'shop'));
  own.end();
  expect((await own.ended).code).toBe(status.OK);
});

test('the real Envoy reports what it has sent', async () => {
  const { onReport, next } = queueOf();
  const backend = createServer((_, response) => response.end('served')).listen(9077, '127.0.0.11');
  const { server } = await serveAll(
    { cluster: 'a=1', endpoint: 'a=77', listener: 'l=1', route: 'l=x:a' },
    { load: { interval: 200, onReport } },
  );
  const folder = mkdtempSync(join(tmpdir(), 'sluice-lrs-'));
  const envoy = await EnvoyProcess.start({
    bootstrap: bootstrap({
      node: { ip: '127.0.0.1', name: 'web', namespace: 'shop', interception: 'NONE', portOffset: 0 },
      xds: { host: '127.0.0.1', port: server.port },
      protocol: 'delta',
      admin: { host: '127.0.0.1', port: 0 },
      runtime: {},
      loadReports: true,
    }),
    binary: findEnvoy(undefined),
    launchedBy: [],
    concurrency: 1,
    logLevel: 'warning',
    folder,
  });
  onTestFinished(async () => {
    await envoy.stop();
    backend.close();
    rmSync(folder, { recursive: true });
  });
  const listening = async (): Promise<string | undefined> => {
    if (!(await envoy.admin.ready())) return undefined;
    const listeners = (await envoy.admin.page('/listeners')).text.split('\n');
    return listeners.find((line) => line.startsWith('l::'))?.slice(3);
  };
  const address = await poll(listening, { within: 10_000, every: 10, what: 'the listener' });
  for (let request = 0; request < 5; request += 1)
    expect(await (await fetch(`http://${address}/`)).text()).toBe('served');
  let issued = 0;
  while (issued < 5) {
    const { node, loads } = await next();
    expect(node.name).toBe('web');
    issued += loads.filter(({ cluster }) => cluster === 'a').reduce((sum, load) => sum + load.issued, 0);
  }
  expect(issued).toBe(5);
});
