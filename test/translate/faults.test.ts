// What happens when Sluice itself fails on an object: only that object is lost.
import { expect, test } from 'vitest';
import { proxyNode } from '../../src/envoy/node.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import type { SourceObject } from '../../src/model/object.ts';
import { originOf } from '../../src/model/origin.ts';
import { Translator } from '../../src/translate/translator.ts';
import { objectSet, service, slice, sourceObject } from './objects.ts';

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

test('R-50: an object about which there is more to say than an argument list holds stops nothing', () => {
  const many = service({ name: 'many', ports: [{ name: 'http', port: 80 }] });
  const sliceOf = (name: string, address: (index: number) => string): SourceObject => {
    const addresses = Array.from({ length: 130_000 }, (_, index) => address(index));
    return slice({ service: 'many', name, addresses, ports: [{ name: 'http', port: 80 }] });
  };
  // One does not decode, the other must not be an endpoint.
  const slices = [
    sliceOf('a', () => 'x'),
    sliceOf('b', (index) => `127.${index >> 16}.${(index >> 8) & 255}.${index & 255}`),
  ];
  const translator = new Translator({ allowLoopbackEndpoints: false });
  const { value: mesh, diagnostics } = translator.resolve(objectSet([many, ...slices]));
  expect(mesh.services.size).toBe(1);
  expect(diagnostics.length).toBeGreaterThanOrEqual(260_000);
});
