// What proxies have refused, where proxies of one group differ or one of them changes its group.
import { expect, onTestFinished, test } from 'vitest';
import { ControlPlane } from '../../src/control-plane.ts';
import { proxyNode } from '../../src/envoy/node.ts';
import type { ProxyNode } from '../../src/model/proxy.ts';
import { MemorySource } from '../../src/sources/memory.ts';
import type { Culprit } from '../../src/xds/refusal.ts';

const desk = 'outbound|80||desk.default.svc.cluster.local';

const service = (name: string): string => `
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec:
  ports: [{name: http, port: 80}]
`;

/** A Service in front of the proxy at 10.0.0.1: that proxy then serves a port, and is in another group. */
const inFront = `
${service('web')}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints: [{addresses: [10.0.0.1]}]
`;

/** A control plane on the Service `desk`, and proxies that follow it. */
async function running() {
  const source = new MemorySource();
  source.apply(service('desk'));
  const controlPlane = new ControlPlane({ sources: [source], allowLoopbackEndpoints: false });
  onTestFinished(() => controlPlane.close());
  await controlPlane.start();
  const proxy = (ip: string) => {
    const node: ProxyNode = { ...proxyNode(), id: `sidecar~${ip}~a.default~x`, ip };
    const feed = controlPlane.follow(node, () => {});
    onTestFinished(() => feed.close());
    const cluster = () => controlPlane.snapshotFor(node)?.cluster.get(desk);
    const culprit = (): Culprit[] => {
      const resource = cluster();
      return resource === undefined ? [] : [{ resource, host: null, good: null }];
    };
    return {
      refuse: () => feed.refused({ kind: 'cluster', message: 'too tall', culprits: culprit(), own: [] }),
      take: (...taken: Culprit[]) =>
        feed.taken(
          'cluster',
          taken.map(({ resource }) => resource),
        ),
      culprit,
      isOffered: () => cluster() !== undefined,
      refused: () => controlPlane.refusals(node.id).map(({ resource }) => resource?.name),
    };
  };
  const apply = async (yaml: string): Promise<void> => {
    const published = new Promise<void>((resolve) => {
      const stop = controlPlane.onPublish(({ changedKinds }) => {
        if (changedKinds.size === 0) return;
        stop();
        resolve();
      });
    });
    source.apply(yaml);
    await published;
  };
  return { proxy, apply };
}

test('R-04: a proxy that changes its group takes along what it has refused', async () => {
  const { proxy, apply } = await running();
  const [one, other] = [proxy('10.0.0.1'), proxy('10.0.0.2')];
  one.refuse();
  expect([one.isOffered(), other.isOffered()]).toEqual([false, false]);
  await apply(inFront);
  expect([one.isOffered(), one.refused()]).toEqual([false, [desk]]);
  expect([other.isOffered(), other.refused()]).toEqual([false, [desk]]);
});

test('a proxy that changes its group leaves behind what others have refused', async () => {
  const { proxy, apply } = await running();
  const [one, other] = [proxy('10.0.0.1'), proxy('10.0.0.2')];
  other.refuse();
  expect([one.isOffered(), other.isOffered()]).toEqual([false, false]);
  await apply(inFront);
  expect([one.isOffered(), one.refused()]).toEqual([true, []]);
  expect([other.isOffered(), other.refused()]).toEqual([false, [desk]]);
});

test('R-04: what one proxy has refused and another then takes is the trouble of the first alone, and is still said', async () => {
  const { proxy } = await running();
  const [one, other] = [proxy('10.0.0.1'), proxy('10.0.0.2')];
  const culprits = other.culprit();
  one.refuse();
  expect([other.isOffered(), other.refused()]).toEqual([false, [desk]]);
  other.take(...culprits);
  expect([one.isOffered(), other.isOffered()]).toEqual([true, true]);
  expect([one.refused(), other.refused()]).toEqual([[desk], []]);
});
