// GET /metrics of `sluice serve`: what dashboards of Istio's control plane read, moved by a real client.
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { AdsClient } from '../harness/ads-client.ts';
import { type Family, parseExposition, sample } from '../harness/exposition.ts';
import { documents, rule, service, slice } from './input.ts';
import { folder, type Serving, serve } from './sluice.ts';

async function scrape({ http }: Serving): Promise<ReadonlyMap<string, Family>> {
  const response = await fetch(`http://${http}/metrics`);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  return parseExposition(await response.text());
}

/** Some samples, by what they are called. */
async function values(serving: Serving, ...keys: readonly string[]) {
  const families = await scrape(serving);
  return Object.fromEntries(keys.map((key) => [key, sample(families, key)]));
}

function connect(serving: Serving): AdsClient {
  const client = new AdsClient({ port: Number(serving.xds.split(':')[1]), protocol: 'delta' });
  onTestFinished(() => client.close());
  return client;
}

const pushed = (type: string): string => `pilot_xds_pushes{type="${type}"}`;
const rejected = (type: string): string => `pilot_total_xds_rejects{type="${type}"}`;

test('the exposition is valid, and has what dashboards ask for before anything happened', async () => {
  const serving = await serve(['--config', folder({ 'all.yaml': documents(service, slice) })]);
  const families = await scrape(serving);
  const types = ['pilot_xds', 'pilot_services', 'pilot_xds_pushes', 'pilot_total_xds_rejects', 'pilot_xds_push_time']
    .concat(['pilot_xds_config_size_bytes', 'pilot_proxy_convergence_time', 'pilot_push_triggers'])
    .concat(['pilot_total_xds_internal_errors', 'pilot_xds_cds_reject', 'pilot_xds_expired_nonce'])
    .concat(['process_cpu_seconds_total', 'nodejs_eventloop_lag_p99_seconds'])
    .map((name) => `${name} ${families.get(name)?.type}`);
  expect(types).toMatchInlineSnapshot(`
    [
      "pilot_xds gauge",
      "pilot_services gauge",
      "pilot_xds_pushes counter",
      "pilot_total_xds_rejects counter",
      "pilot_xds_push_time histogram",
      "pilot_xds_config_size_bytes histogram",
      "pilot_proxy_convergence_time histogram",
      "pilot_push_triggers counter",
      "pilot_total_xds_internal_errors counter",
      "pilot_xds_cds_reject gauge",
      "pilot_xds_expired_nonce counter",
      "process_cpu_seconds_total counter",
      "nodejs_eventloop_lag_p99_seconds gauge",
    ]
  `);
  const names = ['pilot_xds', 'pilot_services', 'sluice_objects', pushed('cds'), rejected('rds')];
  expect(await values(serving, ...names, 'pilot_total_xds_internal_errors')).toEqual({
    pilot_xds: 0,
    pilot_services: 1,
    sluice_objects: 2,
    [pushed('cds')]: 0,
    [rejected('rds')]: 0,
    pilot_total_xds_internal_errors: 0,
  });
});

test('counts pushes, acknowledgements, refusals and who is connected', async () => {
  const serving = await serve(['--config', folder({ 'all.yaml': documents(service, slice) })]);
  const client = connect(serving);
  const acknowledged = (type: string): string => `sluice_xds_acks_total{type="${type}"}`;
  client.subscribe('cluster');
  await client.take('cluster');
  client.subscribe('listener');
  client.nack(await client.next('listener'), 'no such filter');
  // The server reads in order: with this answer it has seen all that went before.
  client.subscribe('endpoint', 'outbound|80||reviews.default.svc.cluster.local');
  await client.next('endpoint');
  const keys = ['pilot_xds', pushed('cds'), pushed('eds'), pushed('rds'), rejected('lds')]
    .concat(['pilot_xds_lds_reject', acknowledged('cds'), acknowledged('lds'), rejected('cds')])
    .concat(['pilot_xds_config_size_bytes_count{type="cds"}', 'sluice_streams_opened_total{protocol="delta"}']);
  expect(Object.values(await values(serving, ...keys))).toEqual([1, 1, 1, 0, 1, 1, 1, 0, 0, 1, 1]);
  client.close();
  await serving.line('proxy disconnected');
  const after = await values(serving, 'pilot_xds', 'sluice_streams_closed_total{reason="client"}');
  expect(Object.values(after)).toEqual([0, 1]);
});

test('a change is a trigger, and has converged when the proxy has acknowledged it', async () => {
  const dir = folder({ 'all.yaml': documents(service, slice) });
  const serving = await serve(['--config', dir]);
  const converged = 'pilot_proxy_convergence_time_count';
  const client = connect(serving);
  client.subscribe('cluster');
  await client.take('cluster');
  expect(await values(serving, converged)).toEqual({ [converged]: 0 });
  writeFileSync(join(dir, 'new'), documents(service, slice, rule('RANDOM'), rule('RANDM').replace('reviews', 'other')));
  renameSync(join(dir, 'new'), join(dir, 'all.yaml'));
  const change = await client.next('cluster');
  expect(await values(serving, converged)).toEqual({ [converged]: 0 });
  client.ack(change);
  client.subscribe('endpoint', 'outbound|80||reviews.default.svc.cluster.local');
  await client.next('endpoint');
  const keys = ['pilot_push_triggers{type="config"}', 'sluice_diagnostics{severity="error",code="SLC0103"}'].concat([
    converged,
    'sluice_publications_total',
    'pilot_debounce_time_count',
  ]);
  expect(Object.values(await values(serving, ...keys))).toEqual([1, 1, 1, 2, 2]);
});
