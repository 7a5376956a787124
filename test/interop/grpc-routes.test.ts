// VirtualServices and gRPC clients that are their own proxies: weights, matches of metadata, and routes to nowhere.
import { afterEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { JsonObject } from '../../src/lib/json.ts';
import { counts } from '../harness/mesh.ts';
import { addresses } from '../harness/shop.ts';
import { greeterEndpoints, greeterService } from './greeters.ts';
import { type ClientName, clients, GrpcMesh } from './grpc-mesh.ts';

const hosts = addresses(2);
const [stable = '', canary = ''] = hosts;

const services = [
  greeterService,
  greeterEndpoints([[stable]]),
  greeterService.replaceAll('greeter', 'canary'),
  greeterEndpoints([[canary]]).replaceAll('greeter', 'canary'),
];

function routes(...http: readonly JsonObject[]): string {
  return stringify({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'greeter' },
    spec: { hosts: ['greeter'], http },
  });
}

const to = (host: string, weight = 1): JsonObject => ({ destination: { host }, weight });

let mesh: GrpcMesh | undefined;
afterEach(async () => {
  await mesh?.close();
  mesh = undefined;
});

describe.each(Object.keys(clients) as ClientName[])('%s', (client) => {
  // 50 of 200 give or take 6.1: beyond 37 away lies less than one run in 1e8.
  test('shares calls out by weight, and sends those with the metadata elsewhere', async () => {
    const chosen = { match: [{ headers: { 'x-user': { exact: 'jason' } } }], route: [to('canary')] };
    const nowhere = { match: [{ headers: { 'x-user': { exact: 'lost' } } }], route: [to('nobody')] };
    const rule = routes(chosen, nowhere, { timeout: '5s', route: [to('greeter', 3), to('canary', 1)] });
    const running = await GrpcMesh.start(client, hosts, [...services, rule]);
    mesh = running;
    await running.until('both', async () => new Set(await running.call(20)).size === 2);
    const seen = counts(await running.call(200));
    expect(seen[canary]).toBeGreaterThan(13);
    expect(seen[canary]).toBeLessThan(87);
    expect(counts(await running.call(20, { key: 'jason' }))).toEqual({ [canary]: 20 });
    const lost = await running.tryCalls(1, { key: 'lost' });
    expect(lost[0]).toMatch(/^failed/);
    running.check();
  });
});
