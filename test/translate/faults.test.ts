// What happens when Sluice itself fails on an object: only that object is lost.
import { expect, test } from 'vitest';
import { proxyNode } from '../../src/envoy/node.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { originOf } from '../../src/model/origin.ts';
import { Translator } from '../../src/translate/translator.ts';
import { objectSet, service, sourceObject } from './objects.ts';

test('an object that makes a decoder throw is reported as SLC0502, and all others are translated', () => {
  const good = service({ name: 'good', ports: [{ name: 'http', port: 80 }] });
  const poisoned = sourceObject({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'bad' } });
  const json: JsonObject = Object.defineProperty({ ...poisoned.json }, 'spec', {
    enumerable: true,
    get: () => {
      throw new Error('a fault of ours');
    },
  });
  const translator = new Translator({ allowLoopbackEndpoints: false });
  const { value: mesh, diagnostics } = translator.resolve(objectSet([{ ...poisoned, json }, good]));
  const { value: resources } = translator.emit(mesh, translator.group(mesh, proxyNode()));
  const faults = diagnostics.filter(({ code }) => code === 'SLC0502');
  expect(faults.map(({ object, message }) => ({ object, message }))).toEqual([
    { object: originOf(poisoned.id).object, message: 'decoding it failed: a fault of ours' },
  ]);
  expect(resources.cluster.has('outbound|80||good.default.svc.cluster.local')).toBe(true);
});
