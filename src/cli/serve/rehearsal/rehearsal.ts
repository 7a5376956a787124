// Before the first proxy comes, a small mesh that exists in memory alone is served to imaginary proxies, and changed again
// and again: what a fleet needs when it comes back all at once is compiled by then.
import { setTimeout as sleep } from 'node:timers/promises';
import { Counter, Registry } from 'prom-client';
import { stringify } from 'yaml';
import { ControlPlane } from '../../../control-plane.ts';
import { proxyNode } from '../../../envoy/node.ts';
import { resourceKinds } from '../../../envoy/types.ts';
import type { JsonObject } from '../../../lib/json.ts';
import { MemorySource } from '../../../sources/memory.ts';
import { startXdsServer } from '../../../xds/server.ts';
import { publicationMetrics } from '../metrics/publication-metrics.ts';
import { xdsMetrics } from '../metrics/xds-metrics.ts';
import { ImaginaryProxy, type Names } from './imaginary-proxy.ts';

const services = 20;
const proxiesAtOnce = 10;
const timers = { closeSpread: 0, closeGrace: 0 };

/** Takes about `time` milliseconds. It is done on a port of its own on loopback, and nothing of it is left. */
export async function rehearse(time: number): Promise<void> {
  const source = new MemorySource();
  for (let index = 0; index < services; index += 1) source.apply(serviceText(index, 0));
  const controlPlane = new ControlPlane({
    sources: [source],
    allowLoopbackEndpoints: true,
    timing: { quiet: 0, longest: 0 },
  });
  const registers = [new Registry()];
  controlPlane.onPublish(publicationMetrics(registers));
  await controlPlane.start();
  const onEvent = xdsMetrics(registers, new Counter({ name: 'faults', help: 'Faults.', registers }));
  const xds = await startXdsServer({ provider: controlPlane, port: 0, timers, onEvent });
  const proxies: ImaginaryProxy[] = [];
  try {
    const names = namesIn(controlPlane);
    const end = performance.now() + time;
    for (let turn = 1; performance.now() < end; turn += 1) {
      proxies.push(new ImaginaryProxy(xds.port, `rehearsal-${turn}`, names));
      if (proxies.length > proxiesAtOnce) await proxies.shift()?.close();
      source.apply(serviceText(turn % services, turn));
      await sleep(1);
    }
  } finally {
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await xds.close();
    await controlPlane.close();
  }
}

function namesIn(controlPlane: ControlPlane): Names {
  const snapshot = controlPlane.snapshotFor(proxyNode());
  const entries = resourceKinds.map((kind) => [kind, [...(snapshot?.[kind].keys() ?? [])]] as const);
  return Object.fromEntries(entries) as unknown as Names;
}

/** A Service and its EndpointSlice, which differs from turn to turn. */
function serviceText(index: number, turn: number): string {
  return serviceObjects(index, turn)
    .map((object) => stringify(object))
    .join('---\n');
}

function serviceObjects(index: number, turn: number): readonly JsonObject[] {
  const name = `rehearsal-${index}`;
  const addresses = [`127.1.${index}.1`, `127.2.${turn >> 8}.${turn & 255}`];
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'default' },
      spec: { clusterIP: `127.3.0.${index + 1}`, ports: [{ name: 'http', port: 80 }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080 }],
      endpoints: addresses.map((address) => ({ addresses: [address] })),
    },
  ];
}
