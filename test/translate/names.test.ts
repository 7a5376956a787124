// What resources name: each thing under one name, that name for one thing, and nothing that is not there.
import { describe, expect, test } from 'vitest';
import { proxyNode } from '../../src/envoy/node.ts';
import { resource, type XdsResource } from '../../src/envoy/resource.ts';
import { resourceKinds } from '../../src/envoy/types.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { originOf } from '../../src/model/origin.ts';
import type { ProxyNode } from '../../src/model/proxy.ts';
import type { Resources } from '../../src/translate/emit/resources.ts';
import { sendable } from '../../src/translate/sendable.ts';
import { Translator } from '../../src/translate/translator.ts';
import { clustersOfHost, clustersOfListener, referencesOf } from '../../src/xds/references.ts';
import { hostsOf } from '../../src/xds/virtual-hosts.ts';
import { destinationRule, objectSet, service, slice, virtualService } from './objects.ts';

const ports = [
  { name: 'http', port: 80 },
  { name: 'tcp', port: 3306 },
  { name: 'x', port: 7000 },
  { name: 'udp', port: 53, protocol: 'UDP' },
];
const subsets = ['v1', 'v2'].map((version) => ({ name: version, labels: { version } }));

const routes = [
  { match: [{ uri: { prefix: '/a' } }], route: [{ destination: { host: 'shop', subset: 'v1' } }] },
  { match: [{ uri: { prefix: '/b' } }], route: [{ destination: { host: 'shop', subset: 'nobody' } }] },
  {
    route: ['v1', 'v2', 'v3'].map((subset) => ({ destination: { host: 'shop', subset }, weight: 1 })),
    mirrors: [{ destination: { host: 'nobody' } }, { destination: { host: 'shop', port: { number: 81 } } }],
  },
];

const objects = objectSet([
  service({ name: 'shop', ports, spec: { clusterIP: '10.9.0.1' } }),
  service({ name: 'shop', ports, spec: { clusterIP: '10.9.0.2' }, namespace: 'other' }),
  service({ name: 'headless', ports, spec: { clusterIP: 'None' } }),
  service({ name: 'alias', ports: [], spec: { type: 'ExternalName', externalName: 'shop.default.svc.cluster.local' } }),
  slice({ service: 'shop', addresses: ['10.0.0.1'], ports }),
  destinationRule('shop', { host: 'shop', subsets }),
  virtualService('shop', { hosts: ['shop', 'www.example.com'], http: routes }),
]);

const clients: Readonly<Record<string, ProxyNode>> = {
  'a captured sidecar': proxyNode({}),
  'a sidecar that captures nothing': proxyNode({ interception: 'NONE', portOffset: 10_000 }),
  'a sidecar with a workload': proxyNode({ name: 'pod-10.0.0.1', ip: '10.0.0.1' }),
  'a gRPC client': proxyNode({ generator: 'grpc' }),
};

function resourcesFor(node: ProxyNode): Resources {
  const translator = new Translator({ allowLoopbackEndpoints: false });
  const { value: mesh } = translator.resolve(objects);
  return translator.emit(mesh, translator.group(mesh, node)).value;
}

const names = (resources: Iterable<XdsResource>): readonly string[] => [...resources].map(({ name }) => name).sort();

describe.each(Object.entries(clients))('%s', (_client, node) => {
  const { cluster, endpoint, listener, route } = resourcesFor(node);
  const tables = { cluster, endpoint, listener, route };
  const clusters = [...cluster.values()];

  test('R-12: no two clusters ask for their endpoints by the same name', () => {
    const balanced = clusters.filter(({ json }) => json['type'] === 'EDS');
    expect(balanced.length).toBeGreaterThan(5);
    expect(referencesOf(balanced).size).toBe(balanced.length);
  });

  test('R-15: what is asked for by a name is there by that name and by no other', () => {
    expect(names(endpoint.values())).toEqual([...referencesOf(clusters)].sort());
    expect(names(route.values())).toEqual([...referencesOf([...listener.values()])].sort());
    for (const kind of resourceKinds) {
      for (const [key, { name, json }] of tables[kind])
        expect([name, json['cluster_name'] ?? json['name']]).toEqual([key, key]);
    }
  });

  test('R-26: routes and listeners name clusters that are there, and none without a name', () => {
    const named = [
      ...[...route.values()].flatMap((each) => hostsOf(each).flatMap(clustersOfHost)),
      ...[...listener.values()].flatMap(clustersOfListener),
    ];
    expect(named.length).toBeGreaterThan(1);
    expect(named.filter((name) => !cluster.has(name))).toEqual([]);
  });
});

test('R-14: what names a secret that is not served is left out, with a diagnostic, and the rest goes on', () => {
  const certificate = { name: 'a-secret', sds_config: { ads: {}, initial_fetch_timeout: '0s' } };
  const tls = {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
      common_tls_context: { tls_certificate_sds_secret_configs: [certificate] },
    },
  };
  const { id } = service({ name: 'shop', ports });
  const listener = (name: string, chain: JsonObject): XdsResource =>
    resource('listener', name, { name, filter_chains: [chain] }, [originOf(id)]);
  const [plain, secured] = [listener('plain', {}), listener('secured', { transport_socket: tls })];
  const { table, diagnostics } = sendable(new Map([secured, plain].map((each) => [each.name, each])), undefined);
  expect(names(table.values())).toEqual(['plain']);
  expect(diagnostics).toMatchObject([{ code: 'SLC0502', message: expect.stringContaining('the secret a-secret') }]);
});

test('R-27: a service that comes or goes leaves the listeners that others share as they are', () => {
  for (const node of Object.values(clients).slice(0, 3)) {
    const translator = new Translator({ allowLoopbackEndpoints: false });
    const listeners = [objects, objectSet([...objects.values(), service({ name: 'z', ports })])].map((all) => {
      const { value: mesh } = translator.resolve(all);
      return translator.emit(mesh, translator.group(mesh, node)).value.listener;
    });
    const [before, after] = listeners;
    const shared = [...(before?.keys() ?? [])].filter((name) => name.endsWith('_80'));
    expect(shared.length).toBeGreaterThan(0);
    for (const name of shared) expect(after?.get(name)?.version).toBe(before?.get(name)?.version);
  }
});
