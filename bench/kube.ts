// What Sluice takes on a real Kubernetes API: from the start until it is ready, from the API's acknowledgement of a changed
// EndpointSlice until an Envoy uses it, memory with many Pods, and the injector under load. Needs `make test-cluster` once.
// Usage: kube.ts [--services 1000] [--endpoints 10] [--pods 0] [--changes 500]
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { networkInterfaces } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { kubeAccess } from '../src/kube/access.ts';
import { KubeApi, type Write } from '../src/kube/api.ts';
import type { JsonObject } from '../src/lib/json.ts';
import { Cluster } from '../test/cluster/cluster.ts';
import { agent, backend, portOf, rank, serve, startEnvoy, until } from './change-probe.ts';
import { usageOf } from './usage.ts';

const { values } = parseArgs({
  options: {
    services: { type: 'string', default: '1000' },
    endpoints: { type: 'string', default: '10' },
    pods: { type: 'string', default: '0' },
    changes: { type: 'string', default: '500' },
  },
});
const [services, endpoints, pods, changes] = [values.services, values.endpoints, values.pods, values.changes].map(
  Number,
) as [number, number, number, number];

/** An API takes no endpoints on loopback. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const found = all.find(({ family, internal }) => family === 'IPv4' && !internal);
  if (found === undefined) throw new Error('this machine has no IPv4 address but loopback');
  return found.address;
}

const service = (name: string): JsonObject => ({
  ...{ apiVersion: 'v1', kind: 'Service', metadata: { name } },
  spec: { clusterIP: 'None', ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
});

const slice = (name: string, addresses: readonly string[], port: number): JsonObject => ({
  ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
  metadata: { name, labels: { 'kubernetes.io/service-name': name } },
  ports: [{ name: 'http', port }],
  endpoints: addresses.map((address) => ({ addresses: [address] })),
});

const pod = (name: string): JsonObject => ({
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: name, version: 'v1' } } },
  spec: { containers: [{ name: 'app', image: 'example.com/app:1', ports: [{ containerPort: 8080 }] }] },
});

const paths = {
  service: '/api/v1/namespaces/default/services',
  slice: '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
  pod: '/api/v1/namespaces/default/pods',
} as const;

class World {
  readonly cluster: Cluster;
  readonly #api: KubeApi;

  private constructor(cluster: Cluster, api: KubeApi) {
    this.cluster = cluster;
    this.#api = api;
  }

  static async start(): Promise<World> {
    const cluster = await Cluster.start();
    const path = await cluster.kubeconfig();
    return new World(cluster, new KubeApi(() => kubeAccess({ path, context: null })));
  }

  async write(path: string, write: Write): Promise<void> {
    await this.#api.json({ path, write, signal: AbortSignal.timeout(30_000), idle: 30_000 });
  }

  /** Many at once, as a cluster fills. */
  async fill(path: string, objects: readonly JsonObject[]): Promise<void> {
    const next = objects.values();
    const work = Array.from({ length: 16 }, async () => {
      for (const body of next) await this.write(path, { method: 'POST', body });
    });
    await Promise.all(work);
  }
}

async function measureChanges(world: World, sluice: ChildProcess, servers: readonly Server[]): Promise<void> {
  const before = usageOf(sluice.pid ?? 0);
  const took: number[] = [];
  for (let i = 1; i <= changes; i += 1) {
    await setTimeout(120);
    const port = portOf(servers[i % 2] as Server);
    const body = { ports: [{ name: 'http', port }] };
    await world.write(`${paths.slice}/s0`, { method: 'PATCH', type: 'application/merge-patch+json', body });
    took.push(await until(String(i % 2)));
  }
  took.sort((a, b) => a - b);
  const after = usageOf(sluice.pid ?? 0);
  const cpu = ((after.cpuSeconds - before.cpuSeconds) / changes) * 1000;
  console.log(`${changes} changes, ms from the API's acknowledgement to the first request at the new endpoint:`);
  console.log(`  p50 ${rank(took, 0.5)}  p99 ${rank(took, 0.99)}  most ${rank(took, 1)}`);
  console.log(`  CPU of sluice per change ${cpu.toFixed(1)} ms, peak memory ${after.peak} MiB`);
}

async function measure(world: World, address: string, servers: readonly Server[]): Promise<void> {
  const names = Array.from({ length: services }, (_, index) => `s${index}`);
  const addresses = (index: number) =>
    Array.from({ length: endpoints }, (_, j) => `10.${index >> 8}.${index & 255}.${j + 1}`);
  await world.fill(paths.service, names.map(service));
  const first = slice('s0', [address], portOf(servers[0] as Server));
  const others = names.slice(1).map((name, index) => slice(name, addresses(index + 1), 8080));
  await world.fill(paths.slice, [first, ...others]);
  await world.fill(
    paths.pod,
    Array.from({ length: pods }, (_, index) => pod(`p${index}`)),
  );
  const start = performance.now();
  const { process: sluice, port } = await serve(['--kube', '--kubeconfig', await world.cluster.kubeconfig()]);
  const { cpuSeconds, peak } = usageOf(sluice.pid ?? 0);
  const ready = ((performance.now() - start) / 1000).toFixed(2);
  console.log(
    `${services} services of ${endpoints} endpoints, ${pods} Pods: ready after ${ready} s, CPU ${cpuSeconds} s, ${peak} MiB`,
  );
  const envoy = await startEnvoy(world.cluster.folder, port);
  try {
    await until('0');
    if (changes > 0) await measureChanges(world, sluice, servers);
  } finally {
    await envoy.stop();
    sluice.kill('SIGTERM');
    await once(sluice, 'exit');
  }
}

const address = ownAddress();
const servers = [await backend('0', address), await backend('1', address)];
const world = await World.start();
try {
  await measure(world, address, servers);
} finally {
  agent.destroy();
  for (const server of servers) server.close();
  await world.cluster.close();
}
