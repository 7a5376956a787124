// CSDS: what every proxy has, for tools that speak Envoy's own protocol.
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { resource } from '../../../src/envoy/resource.ts';
import type { WorkloadIdentity } from '../../../src/model/identity.ts';
import type { SnapshotProvider } from '../../../src/xds/snapshot.ts';
import type { AdsClient } from '../../harness/ads-client.ts';
import { snapshot } from '../resources.ts';
import { call, converse, type Json, type Served, serveAll, sidecar, silentFeed } from './client.ts';

const service = 'envoy.service.status.v3.ClientStatusDiscoveryService';
const fetchStatus = ({ server }: Served, request: Json = {}): Promise<Json> =>
  call(server.port, service, 'FetchClientStatus', request);

interface Generic {
  readonly name: string;
  readonly type_url: string;
  readonly version_info: string;
  readonly config_status: string;
  readonly client_status: string;
  readonly error_state?: Json;
  readonly xds_config?: { readonly type_url: string; readonly value: Buffer };
}

const configs = (answer: Json): readonly { readonly node: Json; readonly generic_xds_configs: readonly Generic[] }[] =>
  answer['config'] as ReturnType<typeof configs>;
const ids = (answer: Json): readonly unknown[] => configs(answer).map(({ node }) => String(node['id']).split('~')[2]);
const generic = (answer: Json): readonly Generic[] => configs(answer)[0]?.generic_xds_configs ?? [];
const states = (answer: Json): Json =>
  Object.fromEntries(
    generic(answer).map(({ name, config_status, client_status }) => [name, `${config_status} ${client_status}`]),
  );

/** Connects and asks for clusters; resolves when the answer has come, unanswered. */
async function withClusters(
  served: Served,
  node: Json,
): Promise<{ proxy: AdsClient; answer: Awaited<ReturnType<AdsClient['next']>> }> {
  const proxy = served.connect(node);
  proxy.subscribe('cluster');
  return { proxy, answer: await proxy.next('cluster') };
}

/** Resolves when the server has taken in all that the proxy has said so far. */
async function roundTrip(proxy: AdsClient): Promise<void> {
  proxy.subscribe('endpoint', `ping-${Math.random()}`);
  await proxy.take('endpoint');
}

test('tells per resource what was sent, acknowledged, refused, and what is not there', async () => {
  const served = await serveAll({ cluster: 'a=1 b=1', endpoint: 'a=1' });
  const { proxy, answer } = await withClusters(served, sidecar('web', 'shop'));
  expect(states(await fetchStatus(served))).toEqual({ a: 'STALE REQUESTED', b: 'STALE REQUESTED' });
  proxy.nack(answer, 'a is bad');
  proxy.subscribe('endpoint', 'a', 'nobody');
  proxy.ack(await proxy.next('endpoint'));
  await roundTrip(proxy);
  const after = await fetchStatus(served);
  const clusters = generic(after).filter(({ type_url }) => type_url.endsWith('Cluster'));
  expect(clusters.map(({ config_status, client_status }) => [config_status, client_status])).toEqual([
    ['ERROR', 'NACKED'],
    ['ERROR', 'NACKED'],
  ]);
  const [refused] = clusters;
  expect(refused?.error_state).toMatchObject({ details: 'a is bad', version_info: refused?.version_info });
  expect(refused?.error_state).toHaveProperty('last_update_attempt');
  const endpoints = generic(after).filter(({ type_url }) => type_url.endsWith('ClusterLoadAssignment'));
  expect(endpoints.find(({ name }) => name === 'a')).toMatchObject({ config_status: 'SYNCED', client_status: 'ACKED' });
  expect(endpoints.find(({ name }) => name === 'nobody')).toMatchObject({
    client_status: 'DOES_NOT_EXIST',
  });
});

test('what is at fault stays refused while its last good form is in its place', async () => {
  const fault = { name: 'a', version: 'bad', message: 'a is bad' };
  const refusals = () => [{ kind: 'cluster' as const, resource: fault, diagnostics: [] }];
  const served = await serveAll({ cluster: 'a=1 b=1' }, { refusals });
  const { proxy, answer } = await withClusters(served, sidecar('web', 'shop'));
  proxy.ack(answer);
  await roundTrip(proxy);
  const clusters = generic(await fetchStatus(served)).filter(({ type_url }) => type_url.endsWith('Cluster'));
  expect(clusters).toMatchObject([
    { name: 'a', config_status: 'ERROR', error_state: { details: 'a is bad', version_info: 'bad' } },
    { name: 'b', config_status: 'SYNCED', client_status: 'ACKED' },
  ]);
  expect(clusters[0]?.version_info).toBe(answer.versions.get('a'));
});

test('hands out the resources as they were sent, or not at all where the caller wants none', async () => {
  const served = await serveAll({ cluster: 'a=1' });
  const { answer } = await withClusters(served, sidecar('web', 'shop'));
  const [shown] = generic(await fetchStatus(served));
  expect(shown?.version_info).toBe(answer.versions.get('a'));
  expect(shown?.xds_config?.type_url).toBe(answer.typeUrl);
  expect(shown?.xds_config?.value).toEqual(snapshot({ cluster: 'a=1' }).cluster.get('a')?.bytes);
  expect(JSON.stringify(configs(await fetchStatus(served))[0]?.node)).toContain('"string_value":"shop"');
  const [without] = generic(await fetchStatus(served, { exclude_resource_contents: true }));
  expect(without?.name).toBe('a');
  expect(without).not.toHaveProperty('xds_config');
});

test('a stream answers every request, and ends when the caller has no more', async () => {
  const served = await serveAll({ cluster: 'a=1' });
  const stream = converse(served.server.port, service, 'StreamClientStatus');
  stream.write({});
  expect(ids(await stream.next())).toEqual([]);
  await withClusters(served, sidecar('web', 'shop'));
  stream.write({});
  expect(ids(await stream.next())).toEqual(['web.shop']);
  stream.end();
  expect((await stream.ended).code).toBe(status.OK);
});

test('the proxies that are asked for by their id or namespace', async () => {
  const served = await serveAll({ cluster: 'a=1' });
  for (const node of [sidecar('web', 'shop'), sidecar('api', 'shop'), sidecar('web', 'other')])
    await withClusters(served, node);
  const matching = async (...node_matchers: readonly Json[]): Promise<readonly unknown[]> =>
    [...ids(await fetchStatus(served, { node_matchers }))].sort();
  expect(await matching({ node_id: { contains: '~web.' } })).toEqual(['web.other', 'web.shop']);
  expect(await matching({ node_id: { contains: '~WEB.', ignore_case: true } })).toEqual(['web.other', 'web.shop']);
  expect(await matching({ node_id: { exact: sidecar('api', 'shop')['id'] } })).toEqual(['api.shop']);
  expect(await matching({ node_id: { prefix: 'router~' } })).toEqual([]);
  expect(await matching({ node_id: { suffix: 'other.svc.cluster.local' } }, { node_id: { contains: 'api' } })).toEqual([
    'api.shop',
    'web.other',
  ]);
  const inNamespace = { path: [{ key: 'NAMESPACE' }], value: { string_match: { exact: 'other' } } };
  expect(await matching({ node_metadatas: [inNamespace] })).toEqual(['web.other']);
});

test.each([
  ['a regular expression', { node_id: { safe_regex: { regex: '(a+)+$' } } }],
  ['a number', { node_metadatas: [{ path: [{ key: 'PORT_OFFSET' }], value: { double_match: { exact: 1 } } }] }],
])('S-22: %s in a matcher is refused, not run', async (_, matcher) => {
  const served = await serveAll({});
  await expect(fetchStatus(served, { node_matchers: [matcher] })).rejects.toMatchObject({
    code: status.INVALID_ARGUMENT,
  });
});

test('S-13: with an identity a caller sees the proxies of its namespace, and an operator all of them', async () => {
  let caller: WorkloadIdentity | null = null;
  const served = await serveAll({ cluster: 'a=1' }, { identity: () => caller });
  for (const node of [sidecar('web', 'shop'), sidecar('web', 'other')]) await withClusters(served, node);
  const seenBy = async (namespace: string): Promise<readonly unknown[]> => {
    caller = { trustDomain: 'cluster.local', namespace, serviceAccount: 'default' };
    return [...ids(await fetchStatus(served))].sort();
  };
  expect(await seenBy('shop')).toEqual(['web.shop']);
  expect(await seenBy('nobody')).toEqual([]);
  expect(await seenBy('istio-system')).toEqual(['web.other', 'web.shop']);
});

test.each(['istio.io/debug/config_dump', 'type.googleapis.com/envoy.service.status.v3.ClientStatusResponse'])(
  'S-12: %s asked for over ADS is not there, and nothing remembers it',
  async (type_url) => {
    const served = await serveAll({ cluster: 'a=1' });
    const { proxy } = await withClusters(served, sidecar('web', 'shop'));
    const before = await fetchStatus(served);
    proxy.request({ type_url, resource_names_subscribe: ['everything'] });
    const { resources, removed } = await proxy.next(type_url);
    expect([resources.size, removed]).toEqual([0, ['everything']]);
    expect(await fetchStatus(served)).toEqual(before);
  },
);

test('an answer that is too large is refused, with advice', async () => {
  const { clientStatusService } = await import('../../../src/xds/services/client-status.ts');
  const { startXdsServer } = await import('../../../src/xds/server.ts');
  const served = await serveAll({ cluster: 'a=1' });
  await withClusters(served, sidecar('web', 'shop'));
  const small = clientStatusService({
    streams: () => served.server.streams(),
    callerOf: () => ({ connection: { remoteAddress: '127.0.0.1', tls: null }, identity: null }),
    mostBytes: 500,
  });
  const other = await startXdsServer({ provider: nobody, port: 0, services: () => [small] });
  const asked = call(other.port, service, 'FetchClientStatus', {});
  await expect(asked).rejects.toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    details: expect.stringContaining('node_matchers'),
  });
  await other.close();
});

const nobody: SnapshotProvider = { follow: () => silentFeed };

test('S-43: a private key in a resource is not handed out', async () => {
  const canary = 'CANARY-PRIVATE-KEY';
  const secret = resource(
    'cluster',
    'a',
    {
      name: 'a',
      type: 'STATIC',
      transport_socket: {
        name: 'envoy.transport_sockets.tls',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
          common_tls_context: {
            tls_certificates: [{ private_key: { inline_string: canary }, certificate_chain: { filename: '/chain' } }],
          },
        },
      },
    },
    [],
  );
  const tables = { ...snapshot({}), cluster: new Map([['a', secret]]) };
  const provider: SnapshotProvider = {
    follow: (_node, onSnapshot) => {
      onSnapshot(tables);
      return silentFeed;
    },
  };
  const served = await serveAll({}, { snapshot: provider });
  const { answer } = await withClusters(served, sidecar('web', 'shop'));
  expect(JSON.stringify(answer.resources.get('a'))).toContain(Buffer.from(canary).toJSON().data.join());
  const bytes = generic(await fetchStatus(served))[0]?.xds_config?.value.toString('latin1') ?? '';
  expect(bytes).toContain('[redacted]');
  expect(bytes).toContain('/chain');
  expect(bytes).not.toContain(canary);
});
