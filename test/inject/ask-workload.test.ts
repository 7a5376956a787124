// Probes that the agent asks in the kubelet's place, against real servers.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTls } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { expect, onTestFinished, test } from 'vitest';
import type { ProbeAction } from '../../src/crds/pod-template.ts';
import { askWorkload } from '../../src/inject/agent/ask-workload.ts';
import { issueServer, TestCa } from '../harness/certificates.ts';

const ask = (action: ProbeAction): Promise<number> =>
  askWorkload({ path: '/', action, timeoutSeconds: 1 }, { ip: '127.0.0.1', from: '127.0.0.6' });

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const http = (port: number, path: string, tls = false): ProbeAction => ({
  ...{ kind: 'http', port, path, tls },
  headers: [
    { name: 'Host', value: 'shop.example' },
    { name: 'X-Key', value: 'a' },
  ],
});

test('HTTP: the status is the workload’s own, asked with the headers of the probe from the address that capture lets through', async () => {
  const port = await listening(
    createServer(({ url, headers, socket }, response) => {
      const well = headers.host === 'shop.example' && headers['x-key'] === 'a' && socket.remoteAddress === '127.0.0.6';
      response.writeHead(!well ? 500 : url === '/moved' ? 302 : url === '/ready?deep=1' ? 204 : 418).end();
    }),
  );
  expect(await ask(http(port, '/ready?deep=1'))).toBe(204);
  expect(await ask(http(port, '/moved'))).toBe(302);
  expect(await ask(http(port, 'other'))).toBe(418);
});

test('HTTPS: any certificate will do', async () => {
  const certificate = await issueServer(await TestCa.create());
  const port = await listening(createTls(certificate, (_, response) => response.end()));
  expect(await ask(http(port, '/', true))).toBe(200);
  expect(await ask(http(port, '/'))).not.toBe(200);
});

test('TCP: whether somebody listens', async () => {
  const server = createServer();
  const port = await listening(server);
  expect(await ask({ kind: 'tcp', port })).toBe(200);
  server.close();
  await once(server, 'close');
  expect(await ask({ kind: 'tcp', port })).toBe(500);
});

test('gRPC: what its health service says', async () => {
  const server = new GrpcServer();
  const health = new HealthImplementation({ '': 'SERVING', shop: 'NOT_SERVING' });
  health.addToServer(server);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  onTestFinished(() => server.forceShutdown());
  expect(await ask({ kind: 'grpc', port, service: '' })).toBe(200);
  expect(await ask({ kind: 'grpc', port, service: 'shop' })).toBe(503);
  expect(await ask({ kind: 'grpc', port, service: 'unknown' })).toBe(503);
});

test('a workload that does not answer in time is not well', async () => {
  const port = await listening(createServer(() => {}));
  expect(await ask(http(port, '/'))).toBe(500);
});
