// S-13: what only other namespaces may know cannot be told from what does not exist.
import { describe, expect, test } from 'vitest';
import { ControlPlane } from '../../src/control-plane.ts';
import type { ResourceKind } from '../../src/envoy/types.ts';
import { MemorySource } from '../../src/sources/memory.ts';
import type { AdsClient, Protocol, Received } from '../harness/ads-client.ts';
import { workload } from '../harness/certificates.ts';
import { inTlsWorld, sidecar, type TlsWorld } from './tls-world.ts';

const service = (name: string, namespace: string): string => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  clusterIP: 10.96.0.${name.length}
  ports: [{ name: http, port: 80 }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}, namespace: ${namespace}, labels: { kubernetes.io/service-name: ${name} } }
addressType: IPv4
ports: [{ name: http, port: 80 }]
endpoints: [{ addresses: [10.1.0.${name.length}] }]
`;

/** Its subsets are for its own namespace. */
const mesh = `${service('web', 'shop')}---${service('vault', 'bank')}---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: vault, namespace: bank }
spec:
  host: vault
  exportTo: ['.']
  subsets: [{ name: gold, labels: { tier: gold } }]
`;

const hidden = 'outbound|80|gold|vault.bank.svc.cluster.local';
const absent = 'outbound|80|iron|vault.bank.svc.cluster.local';

/** All that came of a name. (A version is a hash of the names and contents that came.) */
function seen(name: string, { kind, resources, removed }: Received): object {
  const mask = (text: string): string => text.replaceAll(name, 'NAME');
  return { kind, resources: [...resources.keys()].map(mask), removed: removed.map(mask) };
}

/** Asks for a name, then for one that exists, so that an answer to the first would have come before it is over. */
async function answers(
  client: AdsClient,
  kind: ResourceKind,
  name: string,
  known: string,
): Promise<readonly unknown[]> {
  client.subscribe(kind, name);
  const alone = client.protocol === 'delta' || kind === 'cluster' || kind === 'listener';
  const told = alone ? [await client.take(kind)] : [];
  client.subscribe(kind, name, known);
  told.push(await client.take(kind));
  return [...told.map((each) => seen(name, each)), client.untaken(kind)];
}

const cases: readonly (readonly [ResourceKind, hidden: string, absent: string, known: string])[] = [
  ['cluster', hidden, absent, 'outbound|80||web.shop.svc.cluster.local'],
  ['endpoint', hidden, absent, 'outbound|80||web.shop.svc.cluster.local'],
];

async function compared(world: TlsWorld): Promise<void> {
  const certificate = await world.ca.issue(workload('shop', 'web'));
  for (const [kind, ...names] of cases) {
    const [one, other, known] = names;
    const ask = async (name: string) => {
      const client = world.connectAs(certificate, { node: sidecar('web-1', 'shop') });
      const heard = await answers(client, kind, name, known);
      client.close();
      return heard;
    };
    const heard = await ask(one);
    expect(heard).toEqual(await ask(other));
    expect(JSON.stringify(heard)).toContain(known);
  }
}

/** Those for whom it is made do get it. */
async function own(world: TlsWorld): Promise<void> {
  const certificate = await world.ca.issue(workload('bank', 'clerk'));
  const client = world.connectAs(certificate, { node: sidecar('clerk-1', 'bank') });
  client.subscribe('endpoint', hidden);
  expect([...(await client.take('endpoint')).resources.keys()]).toEqual([hidden]);
}

describe.each<Protocol>(['sotw', 'delta'])('%s', (protocol) => {
  test.each([
    ['S-13: a name that other namespaces keep to themselves is as one that does not exist', compared],
    ['S-13: a name is there for the namespace whose it is', own],
  ])('%s', async (_, run) => {
    const source = new MemorySource();
    source.apply(mesh);
    const provider = new ControlPlane({ sources: [source], allowLoopbackEndpoints: false });
    await provider.start();
    expect(provider.diagnostics).toEqual([]);
    await inTlsWorld(protocol, run, { server: { provider } });
    await provider.close();
  });
});
