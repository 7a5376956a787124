// How long Sluice takes to start on a folder of many services, and how long until an edited endpoint carries traffic.
// Usage: folder.ts [--services 1000] [--endpoints 10] [--changes 50]
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { bootstrap } from '../src/inject/bootstrap.ts';
import { EnvoyProcess, findEnvoy } from '../src/inject/launcher.ts';
import { usageOf } from './usage.ts';

const { values } = parseArgs({
  options: {
    services: { type: 'string', default: '1000' },
    endpoints: { type: 'string', default: '10' },
    changes: { type: 'string', default: '50' },
  },
});
const services = Number(values.services);
const endpoints = Number(values.endpoints);
const changes = Number(values.changes);
/** Service port 80 is found there. */
const portOffset = 18_000;

function serviceFile(name: string, addresses: readonly string[], port: number): string {
  return [
    'apiVersion: v1',
    'kind: Service',
    `metadata: {name: ${name}}`,
    'spec:',
    '  ports:',
    '  - {name: http, port: 80, targetPort: 8080}',
    '---',
    'apiVersion: discovery.k8s.io/v1',
    'kind: EndpointSlice',
    'metadata:',
    `  name: ${name}`,
    `  labels: {kubernetes.io/service-name: ${name}}`,
    'addressType: IPv4',
    'ports:',
    `- {name: http, port: ${port}}`,
    'endpoints:',
    ...addresses.map((address) => `- addresses: [${address}]`),
    '',
  ].join('\n');
}

async function writeFolder(folder: string): Promise<void> {
  await mkdir(folder);
  for (let i = 1; i < services; i += 1) {
    const addresses = Array.from({ length: endpoints }, (_, j) => `10.${i >> 8}.${i & 255}.${j + 1}`);
    await writeFile(join(folder, `s${i}.yaml`), serviceFile(`s${i}`, addresses, 8080));
  }
}

/** A backend that answers with its name. */
async function backend(name: string): Promise<Server> {
  const server = createServer((_, response) => response.end(name));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** Who answers a request for the service that changes; empty where nobody does. */
function ask(): Promise<string> {
  return new Promise((resolve) => {
    const call = request({ agent, host: '127.0.0.1', port: 80 + portOffset, headers: { host: 's0' } }, (response) => {
      let text = '';
      response.on('data', (data) => {
        text += data;
      });
      response.on('end', () => resolve(response.statusCode === 200 ? text : ''));
    });
    call.on('error', () => resolve(''));
    call.end();
  });
}

/** Milliseconds until the answer comes from `name`. */
async function until(name: string): Promise<number> {
  const start = performance.now();
  while ((await ask()) !== name) if (performance.now() - start > 60_000) throw new Error(`${name} never answered`);
  return performance.now() - start;
}

/** Starts `sluice serve` and gives its xDS port once it listens. */
async function serve(folder: string): Promise<{ readonly process: ChildProcess; readonly port: number }> {
  const program = join(import.meta.dirname, '../bin/sluice');
  const flags = ['--xds-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0', '--allow-loopback-endpoints'];
  const child = spawn(program, ['serve', '--config', folder, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
  for await (const line of createInterface(child.stderr)) {
    const port = line.startsWith('listening ') ? line.split('xds=127.0.0.1:')[1]?.split(' ')[0] : undefined;
    if (port === undefined) continue;
    child.stderr.resume();
    return { process: child, port: Number(port) };
  }
  throw new Error('sluice ended before it listened');
}

const rank = (sorted: readonly number[], share: number): string =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(0);

type Point = (server: Server) => Promise<void>;

function startEnvoy(folder: string, xdsPort: number): Promise<EnvoyProcess> {
  const node = { ip: '127.0.0.1', name: 'bench', namespace: 'default', interception: 'NONE', portOffset } as const;
  const config = bootstrap({
    node,
    xds: { host: '127.0.0.1', port: xdsPort },
    protocol: 'delta',
    admin: { host: '127.0.0.1', port: 0 },
    runtime: {},
  });
  const binary = findEnvoy(undefined);
  return EnvoyProcess.start({ bootstrap: config, binary, launchedBy: [], concurrency: 1, logLevel: 'error', folder });
}

/** Edits one endpoint again and again; each time the system was idle before. */
async function measureChanges(sluice: ChildProcess, servers: readonly [Server, Server], point: Point): Promise<void> {
  const before = usageOf(sluice.pid ?? 0);
  const took: number[] = [];
  for (let i = 1; i <= changes; i += 1) {
    await setTimeout(200);
    await point(servers[i % 2 === 1 ? 1 : 0]);
    took.push(await until(String(i % 2)));
  }
  took.sort((a, b) => a - b);
  const after = usageOf(sluice.pid ?? 0);
  const cpu = ((after.cpuSeconds - before.cpuSeconds) / changes) * 1000;
  console.log(`${changes} changes, ms from the rename to the first request at the new endpoint:`);
  console.log(`  p50 ${rank(took, 0.5)}  p99 ${rank(took, 0.99)}  most ${rank(took, 1)}`);
  console.log(`  CPU of sluice per change ${cpu.toFixed(0)} ms, peak memory ${after.peak} MiB`);
}

async function measure(folder: string, servers: readonly [Server, Server]): Promise<void> {
  const file = join(folder, 's0.yaml');
  const point: Point = async (server) => {
    await writeFile(`${file}.new`, serviceFile('s0', ['127.0.0.1'], portOf(server)));
    await rename(`${file}.new`, file);
  };
  await point(servers[0]);
  const start = performance.now();
  const { process: sluice, port } = await serve(folder);
  const { cpuSeconds, peak } = usageOf(sluice.pid ?? 0);
  const ready = ((performance.now() - start) / 1000).toFixed(2);
  console.log(
    `${services} services of ${endpoints} endpoints: ready after ${ready} s, CPU ${cpuSeconds} s, ${peak} MiB`,
  );
  const envoyStart = performance.now();
  const envoy = await startEnvoy(join(folder, '..'), port);
  try {
    await until('0');
    console.log(`Envoy answers ${((performance.now() - envoyStart) / 1000).toFixed(2)} s after its start`);
    await measureChanges(sluice, servers, point);
  } finally {
    await envoy.stop();
    sluice.kill('SIGTERM');
    await once(sluice, 'exit');
  }
}

const work = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
const servers = [await backend('0'), await backend('1')] as const;
try {
  await writeFolder(join(work, 'config'));
  await measure(join(work, 'config'), [...servers]);
} finally {
  agent.destroy();
  for (const server of servers) server.close();
  await rm(work, { recursive: true });
}
