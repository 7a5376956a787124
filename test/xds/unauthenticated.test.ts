// S-01: without an identity no method of any service answers anything, whether there is such a method or not.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ServiceDefinition, type StatusObject, status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import { expect, test } from 'vitest';
import type { XdsServerOptions } from '../../src/xds/server.ts';
import { connectTo } from '../harness/ads-client.ts';
import { type Issued, workload } from '../harness/certificates.ts';
import { inTlsWorld, type TlsWorld } from './tls-world.ts';

const descriptors = loadFileDescriptorSetFromBuffer(readFileSync(join(import.meta.dirname, '../../build/envoy.binpb')));

/** The paths of all methods of all services that Envoy's definitions, as Sluice loads them, have. */
const defined = Object.entries(descriptors)
  .flatMap(([, each]) => ('format' in each ? [] : Object.values(each)))
  .map(({ path }) => path);

/** One service for each type, of which Sluice serves none: all goes over ADS. */
const perType = [
  ...['Cluster:Clusters', 'Endpoint:Endpoints', 'Listener:Listeners', 'Route:Routes', 'Secret:Secrets'],
  ...['ScopedRoutes:ScopedRoutes', 'Runtime:Runtime', 'ExtensionConfig:ExtensionConfigs', 'VirtualHost:VirtualHosts'],
].flatMap((names) => {
  const [service, resources] = names.split(':');
  const kind = service?.toLowerCase();
  return ['Stream', 'Delta', 'Fetch'].map(
    (how) => `/envoy.service.${kind}.v3.${service}DiscoveryService/${how}${resources}`,
  );
});

const others = [
  '/istio.v1.auth.IstioCertificateService/CreateCertificate',
  '/envoy.service.discovery.v3.AggregatedDiscoveryService/FetchAggregatedResources',
  '/envoy.service.discovery.v3.AggregatedDiscoveryService/streamaggregatedresources',
  '/envoy.service.discovery.v3.AggregatedDiscoveryService//StreamAggregatedResources',
  '/envoy.service.discovery.v2.AggregatedDiscoveryService/StreamAggregatedResources',
  '/no.such.Service/Method',
  '/',
];

/** Services beside ADS, as their packages add them to a server. */
const services: NonNullable<XdsServerOptions['services']> = () => {
  const added: { definition: ServiceDefinition; implementation: UntypedServiceImplementation }[] = [];
  const addService = (definition: ServiceDefinition, implementation: UntypedServiceImplementation): void => {
    added.push({ definition, implementation });
  };
  new HealthImplementation({ '': 'SERVING' }).addToServer({ addService });
  new ReflectionService(descriptors).addToServer({ addService });
  return added;
};

const beside = services({ streams: () => [], callerOf: () => null })
  .flatMap(({ definition }) => Object.values(definition))
  .map(({ path }) => path);

/** How a call ends to which this is sent. */
function end(world: TlsWorld, client: Issued | null, path: string, bytes: Buffer | null): Promise<StatusObject> {
  const channel = connectTo(world.tlsPort, world.credentials(client));
  const pass = (buffer: Buffer): Buffer => buffer;
  const call = channel.makeBidiStreamRequest(path, pass, pass);
  call.on('data', () => {});
  call.on('error', () => {});
  const ended = new Promise<StatusObject>((resolve) => call.on('status', resolve));
  if (bytes !== null) {
    call.write(bytes);
    call.end();
  }
  return ended.finally(() => channel.close());
}

test('S-01: every method of every service is refused without an identity, before anything is read', async () => {
  const paths = [...defined, ...beside, ...perType, ...others];
  expect(paths.length).toBeGreaterThan(35);
  expect(beside).toContain('/grpc.health.v1.Health/Check');
  expect(beside).toContain('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo');
  expect(defined.filter((path) => /Aggregated|ClientStatus|LoadReport/.test(path)).length).toBeGreaterThanOrEqual(5);
  const run = async (world: TlsWorld): Promise<void> => {
    const stranger = await world.ca.issue(workload('shop', 'web', 'other.example'));
    for (const path of paths) {
      for (const [client, bytes] of [
        [null, null],
        [null, Buffer.from('no message')],
        [stranger, null],
      ] as const) {
        const { code } = await end(world, client, path, bytes);
        expect([path, code]).toEqual([path, status.UNAUTHENTICATED]);
      }
    }
    expect(world.provider.nodes).toEqual([]);
    expect(new Set(world.events.map(({ kind }) => kind))).toEqual(new Set(['rejected']));
    // With an identity the same methods are there, or are not.
    const web = await world.ca.issue(workload('shop', 'web'));
    const ads = '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources';
    expect((await end(world, web, ads, Buffer.from('no message'))).code).toBe(status.INVALID_ARGUMENT);
    expect((await end(world, web, '/no.such.Service/Method', null)).code).toBe(status.UNIMPLEMENTED);
    expect((await end(world, web, '/grpc.health.v1.Health/Check', Buffer.alloc(0))).code).toBe(status.OK);
  };
  await inTlsWorld('sotw', run, { server: { services } });
});
