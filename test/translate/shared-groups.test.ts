// Groups that see the same share all that is made for them, whatever their namespaces are called.
import { expect, test } from 'vitest';
import { proxyNode } from '../../src/envoy/node.ts';
import { resourceKinds } from '../../src/envoy/types.ts';
import { Translator } from '../../src/translate/translator.ts';
import { destinationRule, objectSet, pod, service, slice, sourceObject } from './objects.ts';

const policy = { host: 'a.default.svc.cluster.local', trafficPolicy: { loadBalancer: { simple: 'RANDOM' } } };
const rule = destinationRule('own', policy, 'choosing');
const objects = objectSet([service({ name: 'a', ports: [{ name: 'http', port: 80 }] }), rule]);

function emitted(namespaces: readonly string[]) {
  const translator = new Translator({ allowLoopbackEndpoints: false });
  const { value: mesh } = translator.resolve(objects);
  return namespaces.map((namespace) => {
    const { value } = translator.emit(mesh, translator.group(mesh, proxyNode({ namespace })));
    return resourceKinds.map((kind) => value[kind]);
  });
}

test('namespaces without services and policies of their own have the very same tables', () => {
  const [one = [], other = []] = emitted(['one', 'other']);
  expect(one.map((table, index) => table === other[index])).toEqual([true, true, true, true]);
});

test('a namespace with services, and one with a policy, have what is theirs', () => {
  const [any = [], home = [], choosing = []] = emitted(['one', 'default', 'choosing']);
  const versions = (tables: typeof any) => tables.map((table) => [...table.values()].map(({ version }) => version));
  expect(versions(home)).not.toEqual(versions(any));
  expect(versions(choosing)).not.toEqual(versions(any));
});

test('a proxy whose Pod is given its addresses one after the other serves what is behind them', () => {
  const translator = new Translator({ allowLoopbackEndpoints: false });
  const node = proxyNode({ name: 'a-1', ip: '10.0.0.1' });
  const ports = [{ name: 'http', port: 80 }];
  const behind = [service({ name: 'a', ports }), slice({ service: 'a', addresses: ['10.0.0.1', '10.0.0.2'], ports })];
  const served = (addresses: readonly string[]) => {
    const status = { podIPs: addresses.map((ip) => ({ ip })) };
    const { value: mesh } = translator.resolve(
      objectSet([...behind, sourceObject({ ...pod('a-1', '', {}).json, status })]),
    );
    return translator.group(mesh, node).served.map(({ host }) => host);
  };
  const host = 'a.default.svc.cluster.local';
  expect([served([]), served(['10.0.0.1']), served(['10.0.0.1', '10.0.0.2'])]).toEqual([[], [host], [host]]);
});
