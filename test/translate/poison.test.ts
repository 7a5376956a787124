// an object on which translation fails is left out or stays as it was; everything else goes on.
import { expect, test } from 'vitest';
import { proxyNode } from '../../src/envoy/node.ts';
import type { ObjectSet, SourceObject } from '../../src/model/object.ts';
import { CarefulTranslator } from '../../src/translate/careful-translator.ts';
import { hostileToEmit, hostileToResolve } from '../harness/hostile.ts';
import { objectSet, service } from './objects.ts';

const named = (name: string, port = 80): SourceObject => service({ name, ports: [{ name: 'http', port }] });

function careful() {
  const faults: string[] = [];
  const translator = new CarefulTranslator({
    allowLoopbackEndpoints: false,
    onFault: (error, object) => faults.push(`${String(object)}: ${String(error)}`),
  });
  /** The ports of the services, and what is said about faults. */
  const translate = (objects: ObjectSet) => {
    const { value: mesh, diagnostics } = translator.resolve(objects);
    const ports = [...mesh.services.values()].map((each) => `${each.name}:${each.ports.map(({ number }) => number)}`);
    const said = diagnostics.filter(({ code }) => code === 'SLC0502').map(({ message }) => message);
    return { ports, said };
  };
  return { translator, translate, faults };
}

const leftOut = 'translating it failed: a fault in resolve; it is left out';
const asBefore = 'translating it failed: a fault in resolve; its last form that worked stays in force';

test('R-50: at the start it is left out; after a restart as well', () => {
  const objects = objectSet([named('a'), hostileToResolve(named('b')).object, named('c')]);
  for (const { translate, faults } of [careful(), careful()]) {
    expect(translate(objects)).toEqual({ ports: ['a:80', 'c:80'], said: [leftOut] });
    expect(faults).toEqual(['/Service/default/b: Error: a fault in resolve']);
  }
});

test('R-50: an edit that cannot be translated leaves the object as it was, and others change', () => {
  const { translate } = careful();
  translate(objectSet([named('a'), named('b')]));
  const bad = hostileToResolve(named('b', 81)).object;
  expect(translate(objectSet([named('a', 82), bad]))).toEqual({ ports: ['a:82', 'b:80'], said: [asBefore] });
  expect(translate(objectSet([named('a', 83), bad, named('c')]))).toEqual({
    ports: ['a:83', 'b:80', 'c:80'],
    said: [asBefore],
  });
});

test('R-50: it is reported once, is gone when it is deleted, and applies when it is corrected', () => {
  const { translate, faults } = careful();
  const bad = hostileToResolve(named('b')).object;
  for (const port of [80, 81, 82, 83]) translate(objectSet([named('a', port), bad]));
  expect(faults.length).toBe(1);
  expect(translate(objectSet([named('a')]))).toEqual({ ports: ['a:80'], said: [] });
  translate(objectSet([named('a'), bad]));
  expect(translate(objectSet([named('a'), named('b', 85)]))).toEqual({ ports: ['a:80', 'b:85'], said: [] });
});

test('R-50: what fails no longer applies with the next change of anything', () => {
  const { translate } = careful();
  const bad = hostileToResolve(named('b'));
  expect(translate(objectSet([named('a'), bad.object])).ports).toEqual(['a:80']);
  bad.armed = false;
  expect(translate(objectSet([named('a', 81), bad.object]))).toEqual({ ports: ['a:81', 'b:80'], said: [] });
});

test('R-50: several at once are all found', () => {
  const { translate, faults } = careful();
  const good = Array.from({ length: 50 }, (_, index) => named(`s${index}`));
  const bad = ['x', 'y', 'z'].map((name) => hostileToResolve(named(name)).object);
  const { ports, said } = translate(objectSet([...bad, ...good]));
  expect([ports.length, said, faults.length]).toEqual([50, [leftOut, leftOut, leftOut], 3]);
});

test('R-50: what cannot be emitted is found too, and all others are', () => {
  const { translator, faults } = careful();
  const bad = hostileToEmit(named('b'));
  const node = proxyNode();
  const { value: mesh } = translator.resolve(new Map([...objectSet([named('a')]), [bad.object.id, bad.object]]));
  bad.armed = true;
  expect(() => translator.emit(mesh, translator.group(mesh, node))).toThrow('a fault in emit');
  const better = translator.blame([node]);
  if (better === null) throw new Error('nothing was found');
  const { value: resources } = translator.emit(better.value, translator.group(better.value, node));
  expect([...resources.cluster.keys()].filter((name) => name.startsWith('outbound'))).toEqual([
    'outbound|80||a.default.svc.cluster.local',
  ]);
  expect(better.diagnostics.map(({ code }) => code)).toContain('SLC0502');
  expect(faults.length).toBe(1);
});

test('R-50: a fault that is in no object is thrown, and the next turn is as if it had not been', () => {
  const { translator, translate } = careful();
  const good = objectSet([named('a')]);
  translate(good);
  const many = Array.from({ length: 40 }, (_, index) => hostileToResolve(named(`x${index}`)).object);
  expect(() => translator.resolve(objectSet([named('a'), ...many]))).toThrow('a fault in resolve');
  expect(translate(objectSet([named('a', 81), many[0] ?? named('x')]))).toEqual({ ports: ['a:81'], said: [leftOut] });
});
