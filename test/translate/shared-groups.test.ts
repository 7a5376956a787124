// Groups that see the same share all that is made for them, whatever their namespaces are called.
import { expect, test } from 'vitest';
import { proxyNode } from '../../src/envoy/node.ts';
import { resourceKinds } from '../../src/envoy/types.ts';
import { Translator } from '../../src/translate/translator.ts';
import { destinationRule, objectSet, service } from './objects.ts';

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
