// Headless services: what an endpoint that comes or goes costs.
import { expect, test } from 'vitest';
import { proxyNode } from '../../src/envoy/node.ts';
import { encoded } from '../../src/envoy/resource.ts';
import { Translator } from '../../src/translate/translator.ts';
import { objectSet, service, slice } from './objects.ts';

const ports = [{ name: 'tcp', port: 9000 }];
const names = Array.from({ length: 20 }, (_, index) => `s${index}`);

const mesh = (ofFirst: readonly string[]) =>
  objectSet(
    names.flatMap((name, index) => [
      service({ name, ports, spec: { clusterIP: 'None' } }),
      slice({ service: name, addresses: index === 0 ? ofFirst : [`10.0.${index}.1`], ports }),
    ]),
  );

function emit(translator: Translator, ofFirst: readonly string[]) {
  const { value } = translator.resolve(mesh(ofFirst));
  return translator.emit(value, translator.group(value, proxyNode({}))).value;
}

test('an endpoint that comes has one listener more, and nothing else changes', () => {
  const translator = new Translator({ allowLoopbackEndpoints: false });
  const before = emit(translator, ['10.0.0.1']);
  const start = encoded.messages;
  const after = emit(translator, ['10.0.0.1', '10.0.0.2']);
  expect(encoded.messages - start).toBe(1);
  const added = [...after.listener].filter(([name, listener]) => before.listener.get(name) !== listener);
  expect(added.map(([name]) => name)).toEqual(['10.0.0.2_9000']);
  expect([after.cluster, after.route, after.endpoint]).toEqual([before.cluster, before.route, before.endpoint]);
  expect(emit(translator, ['10.0.0.1']).listener.has('10.0.0.2_9000')).toBe(false);
});
