// gRPC's health protocol and reflection, asked as probes and grpcurl do; and the services' end.
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { metadata } from '../../harness/ads-client.ts';
import { call, converse, type Json, serveAll } from './client.ts';

const health = 'grpc.health.v1.Health';
const reflection = 'grpc.reflection.v1.ServerReflection';
const ads = 'envoy.service.discovery.v3.AggregatedDiscoveryService';

test('health is NOT_SERVING until something is published, and again when it ends', async () => {
  const { server, services } = await serveAll({});
  const watch = converse(server.port, health, 'Watch', { service: '' });
  expect(await watch.next()).toEqual({ status: 'NOT_SERVING' });
  services.setServing(true);
  expect(await watch.next()).toEqual({ status: 'SERVING' });
  expect(await call(server.port, health, 'Check', { service: ads })).toEqual({ status: 'SERVING' });
  await expect(call(server.port, health, 'Check', { service: 'nobody' })).rejects.toMatchObject({
    code: status.NOT_FOUND,
  });
  await services.close();
  expect(await watch.next()).toEqual({ status: 'NOT_SERVING' });
});

test('closing ends the streams of all services, so that the port is free at once', async () => {
  const { server, services } = await serveAll({});
  const streams = [
    converse(server.port, health, 'Watch', { service: '' }),
    converse(server.port, 'envoy.service.load_stats.v3.LoadReportingService', 'StreamLoadStats'),
    converse(server.port, 'envoy.service.status.v3.ClientStatusDiscoveryService', 'StreamClientStatus'),
  ];
  streams[1]?.write({ node: { id: 'test', metadata: metadata({}) } });
  streams[2]?.write({});
  for (const stream of streams) await stream.next();
  await services.close();
  for (const stream of streams) expect((await stream.ended).code).toBe(status.UNAVAILABLE);
});

async function reflect(port: number, request: Json): Promise<Json> {
  const stream = converse(port, reflection, 'ServerReflectionInfo');
  stream.write(request);
  const answer = await stream.next();
  stream.end();
  expect((await stream.ended).code).toBe(status.OK);
  return answer;
}

test('reflection lists every service', async () => {
  const { server } = await serveAll({});
  const answer = (await reflect(server.port, { list_services: '*' }))['list_services_response'] as {
    service: { name: string }[];
  };
  expect(answer.service.map(({ name }) => name).sort()).toEqual([
    ads,
    'envoy.service.load_stats.v3.LoadReportingService',
    'envoy.service.status.v3.ClientStatusDiscoveryService',
    health,
    reflection,
    'grpc.reflection.v1alpha.ServerReflection',
  ]);
});

test.each([
  ['file_containing_symbol', ads, 'envoy/service/discovery/v3/ads.proto'],
  ['file_containing_symbol', health, 'grpc_health_v1.proto'],
  ['file_containing_symbol', 'grpc.health.v1.HealthListResponse', 'StatusesEntry'],
  ['file_by_filename', 'envoy/config/cluster/v3/cluster.proto', 'envoy/config/cluster/v3/cluster.proto'],
])('reflection: %s %s gives the definitions', async (question, about, file) => {
  const { server } = await serveAll({});
  const answer = (await reflect(server.port, { [question]: about }))['file_descriptor_response'] as {
    file_descriptor_proto: Buffer[];
  };
  expect(answer.file_descriptor_proto[0]?.toString('latin1')).toContain(file);
});

test('S-12: a question for what is not there says so and nothing else', async () => {
  const { server } = await serveAll({});
  for (const symbol of ['no.such.Type', '__proto__', 'constructor']) {
    const answer = await reflect(server.port, { file_containing_symbol: symbol });
    expect(JSON.stringify(answer['file_descriptor_response'] ?? answer['error_response'])).not.toContain('envoy/');
  }
});
