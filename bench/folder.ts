// How long Sluice takes to start on a folder of many services, and how long until an edited endpoint carries traffic.
// Usage: folder.ts [--services 1000] [--endpoints 10] [--changes 50]
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { agent, backend, portOf, rank, serve, startEnvoy, until } from './change-probe.ts';
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

type Point = (server: Server) => Promise<void>;

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
  const { process: sluice, port } = await serve(['--config', folder, '--allow-loopback-endpoints']);
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
