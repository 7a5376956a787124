// What the injector takes: AdmissionReviews of Pods, a hundred at once, as an API server sends them while a Deployment grows.
// Usage: inject.ts [--requests 5000] [--at-once 100]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { json } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { rank } from './change-probe.ts';
import { usageOf } from './usage.ts';

const { values } = parseArgs({
  options: { requests: { type: 'string', default: '5000' }, 'at-once': { type: 'string', default: '100' } },
});
const [requests, atOnce] = [Number(values.requests), Number(values['at-once'])];

const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled}}\n';

const review = (index: number): string =>
  JSON.stringify({
    ...{ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' },
    request: {
      ...{ uid: `u${index}`, operation: 'CREATE', namespace: 'shop', kind: { group: '', version: 'v1', kind: 'Pod' } },
      object: {
        ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: `p${index}`, labels: { app: 'web' } } },
        spec: { containers: [{ name: 'app', image: 'app', ports: [{ containerPort: 8080 }] }] },
      },
    },
  });

const agent = new Agent({ keepAlive: true, maxSockets: atOnce, rejectUnauthorized: false });

/** How long it took, in milliseconds. */
async function inject(port: number, index: number): Promise<number> {
  const began = performance.now();
  const call = request({ agent, host: '127.0.0.1', port, path: '/inject', method: 'POST' });
  call.setHeader('content-type', 'application/json').end(review(index));
  const [response] = await once(call, 'response');
  const { response: answer } = (await json(response)) as { response: { allowed: boolean; patch?: string } };
  if (!answer.allowed || answer.patch === undefined) throw new Error('it was not injected');
  return performance.now() - began;
}

async function measure(port: number, pid: number): Promise<void> {
  // An API server keeps its connections.
  await Promise.all(Array.from({ length: atOnce }, (_, index) => inject(port, index)));
  const took: number[] = [];
  let next = 0;
  const began = performance.now();
  const work = Array.from({ length: atOnce }, async () => {
    while (next < requests) took.push(await inject(port, next++));
  });
  await Promise.all(work);
  const seconds = (performance.now() - began) / 1000;
  took.sort((a, b) => a - b);
  console.log(`${requests} Pods, ${atOnce} at once: ${(requests / seconds).toFixed(0)} each second`);
  console.log(`  ms: p50 ${rank(took, 0.5)}  p99 ${rank(took, 0.99)}  most ${rank(took, 1)}; ${usageOf(pid).peak} MiB`);
}

const work = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
await mkdir(join(work, 'config'));
await writeFile(join(work, 'config', 'namespace.yaml'), namespace);
const free = ['--xds-address=none', '--xds-tls-address=127.0.0.1:0', '--http-address=127.0.0.1:0'];
const words = ['serve', '--config', join(work, 'config'), '--ca-dir', join(work, 'ca'), ...free];
const program = join(import.meta.dirname, '../bin/sluice');
const sluice = spawn(program, [...words, '--webhook-address=127.0.0.1:0'], { stdio: ['ignore', 'ignore', 'pipe'] });
try {
  for await (const line of createInterface(sluice.stderr)) {
    const port = line.startsWith('listening ') ? line.split('webhook=127.0.0.1:')[1] : undefined;
    if (port === undefined) continue;
    sluice.stderr.resume();
    await measure(Number(port), sluice.pid ?? 0);
    break;
  }
} finally {
  agent.destroy();
  sluice.kill('SIGTERM');
  await once(sluice, 'exit');
  await rm(work, { recursive: true });
}
