// What is done before the first proxy is served changes nothing but how soon the first of them is.
import { describe, expect, onTestFinished, test } from 'vitest';
import { warmUp } from '../../src/cli/serve/warm-up.ts';
import { ControlPlane } from '../../src/control-plane.ts';
import { proxyNode } from '../../src/envoy/node.ts';
import { encoded } from '../../src/envoy/resource.ts';
import { resourceKinds } from '../../src/envoy/types.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { MemorySource } from '../../src/sources/memory.ts';

function shop(index: number, namespace: string): readonly JsonObject[] {
  const name = `shop-${index}`;
  const ports = [{ name: 'http', port: 80 }];
  const labels = { 'kubernetes.io/service-name': name };
  return [
    { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec: { ports } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name, namespace, labels },
      addressType: 'IPv4',
      ports,
      endpoints: [{ addresses: [`10.0.0.${index}`] }, { addresses: [`10.0.1.${index}`] }],
    },
  ];
}

const shops = [shop(1, 'small'), shop(2, 'large'), shop(3, 'large')].flat();

async function started(objects: readonly JsonObject[]): Promise<ControlPlane> {
  const source = new MemorySource();
  source.apply(objects);
  const controlPlane = new ControlPlane({ sources: [source], allowLoopbackEndpoints: false });
  onTestFinished(() => controlPlane.close());
  await controlPlane.start();
  return controlPlane;
}

const versions = (controlPlane: ControlPlane, namespace: string) =>
  resourceKinds.map((kind) =>
    [...(controlPlane.snapshotFor(proxyNode({ namespace }))?.[kind].values() ?? [])].map(({ name, version }) => [
      name,
      version,
    ]),
  );

describe('after warming up', () => {
  test('proxies get what they would have got, and nobody was told of a publication', async () => {
    const [warm, cold] = [await started(shops), await started(shops)];
    let published = 0;
    warm.onPublish(() => {
      published += 1;
    });
    warmUp(warm);
    for (const namespace of ['small', 'large', 'default']) {
      expect(versions(warm, namespace)).toEqual(versions(cold, namespace));
    }
    expect([published, warm.diagnostics]).toEqual([0, cold.diagnostics]);
  });

  test('nothing is left to encode for the first proxy of a namespace with services', async () => {
    const controlPlane = await started(shops);
    warmUp(controlPlane);
    const before = encoded.messages;
    for (const namespace of ['large', 'small']) versions(controlPlane, namespace);
    expect(encoded.messages).toBe(before);
  });

  test('a control plane without objects serves as before', async () => {
    const controlPlane = await started([]);
    warmUp(controlPlane);
    expect(controlPlane.snapshotFor(proxyNode())?.endpoint.size).toBe(0);
  });
});
