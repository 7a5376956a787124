// What scoping is for: who imports little is not touched by the rest, and those who import the same share all of it.
import { expect, test } from 'vitest';
import { proxyNode } from '../../src/envoy/node.ts';
import { encoded } from '../../src/envoy/resource.ts';
import type { SourceObject } from '../../src/model/object.ts';
import { Translator } from '../../src/translate/translator.ts';
import { objectSet, pod, service, sidecar, slice, virtualService } from './objects.ts';

const http = [{ name: 'http', port: 80 }];
const named = (name: string, namespace: string): readonly SourceObject[] => [
  service({ name, namespace, ports: http }),
  slice({ service: name, namespace, addresses: ['10.0.0.9'], ports: http }),
];
const own = { egress: [{ hosts: ['./*'] }] };

test('a service, a route or an endpoint that is not imported changes nothing, and costs no encoding', () => {
  const translator = new Translator({ allowLoopbackEndpoints: false });
  const node = proxyNode({ namespace: 'a' });
  const see = (objects: readonly SourceObject[]) => {
    const { value: mesh } = translator.resolve(objectSet(objects));
    return translator.emit(mesh, translator.group(mesh, node)).value;
  };
  const base = [...named('one', 'a'), ...named('two', 'b'), sidecar('default', own, 'a')];
  const before = see(base);
  const start = encoded.messages;
  const direct = { hosts: ['two'], http: [{ directResponse: { status: 404 } }] };
  for (const more of [
    [...named('three', 'b')],
    [slice({ service: 'two', namespace: 'b', addresses: ['10.0.0.8'], ports: http })],
    [virtualService('two', direct, 'b')],
  ]) {
    const after = see([...base, ...more]);
    expect(after.cluster).toBe(before.cluster);
    expect(after.listener).toBe(before.listener);
    expect(after.route).toBe(before.route);
    expect(after.endpoint).toBe(before.endpoint);
  }
  expect(encoded.messages).toBe(start);
});

test('proxies of one namespace with the same Sidecar are one group; another one parts them', () => {
  const translator = new Translator({ allowLoopbackEndpoints: false });
  const base = [...named('one', 'a'), pod('x', '10.0.1.1', { app: 'x' }, 'a'), pod('y', '10.0.1.2', { app: 'y' }, 'a')];
  const groups = (objects: readonly SourceObject[]) => {
    const { value: mesh } = translator.resolve(objectSet(objects));
    const [x, y] = ['x', 'y'].map((name) => translator.group(mesh, proxyNode({ namespace: 'a', name })));
    return x === y;
  };
  const chosen = { workloadSelector: { labels: { app: 'x' } }, egress: [{ hosts: ['~/*'] }] };
  expect(groups(base)).toBe(true);
  expect(groups([...base, sidecar('default', own, 'a')])).toBe(true);
  expect(groups([...base, sidecar('default', own, 'a'), sidecar('x', chosen, 'a')])).toBe(false);
});
