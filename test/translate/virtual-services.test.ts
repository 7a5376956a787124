// VirtualServices: a change costs what it touches, and clients that have the same routes share them.
import { expect, test } from 'vitest';
import { proxyNode } from '../../src/envoy/node.ts';
import { encoded } from '../../src/envoy/resource.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import type { SourceObject } from '../../src/model/object.ts';
import type { ProxyNode } from '../../src/model/proxy.ts';
import { Translator } from '../../src/translate/translator.ts';
import { hostsOf } from '../../src/xds/virtual-hosts.ts';
import { destinationRule, objectSet, pod, service, slice, virtualService } from './objects.ts';

const http = [{ name: 'http', port: 80 }];
const count = 100;
const subsets = ['v1', 'v2'].map((version) => ({ name: version, labels: { version } }));
const weighted = (first: number, more: JsonObject = {}): JsonObject => ({
  ...more,
  route: ['v1', 'v2'].map((subset, index) => ({
    destination: { host: 's7', subset },
    weight: index === 0 ? first : 100 - first,
  })),
});
const canary = (first: number): SourceObject => virtualService('s7', { hosts: ['s7'], http: [weighted(first)] });

const mesh = [
  ...Array.from({ length: count }, (_, index) => [
    service({ name: `s${index}`, ports: http }),
    slice({ service: `s${index}`, addresses: [`10.0.${index}.1`], ports: http }),
  ]).flat(),
  destinationRule('s7', { host: 's7', subsets }),
];

const newTranslator = (): Translator => new Translator({ allowLoopbackEndpoints: false });

function emit(translator: Translator, objects: readonly SourceObject[], node: ProxyNode) {
  const { value, diagnostics } = translator.resolve(objectSet(objects));
  return { ...translator.emit(value, translator.group(value, node)).value, diagnostics };
}

test('an edited VirtualService re-encodes its own virtual host, and all clusters and endpoints stay', () => {
  const translator = newTranslator();
  const before = emit(translator, [...mesh, canary(90)], proxyNode({}));
  const start = encoded.messages;
  const after = emit(translator, [...mesh, canary(50)], proxyNode({}));
  // The virtual host, and what stands around all of them.
  expect(encoded.messages - start).toBeLessThanOrEqual(2);
  expect(after.cluster).toBe(before.cluster);
  expect(after.endpoint).toBe(before.endpoint);
  expect(after.listener).toBe(before.listener);
  const [old, now] = [before, after].map(({ route }) => [...route.values()].flatMap(hostsOf));
  expect(now?.filter((host, index) => host !== old?.[index]).map(({ name }) => name)).toEqual([
    's7.default.svc.cluster.local:80',
  ]);
});

test('an endpoint that changes leaves routes that rules speak of the same objects', () => {
  const translator = newTranslator();
  const before = emit(translator, [...mesh, canary(90)], proxyNode({}));
  const changed = slice({ service: 's7', addresses: ['10.0.7.9'], ports: http });
  const start = encoded.messages;
  const after = emit(translator, [...mesh, canary(90), changed], proxyNode({}));
  expect(after.route).toBe(before.route);
  // The whole service, and each of its subsets.
  expect(encoded.messages - start).toBeLessThanOrEqual(3);
});

test('a rule for another service leaves the virtual host of this one the same object', () => {
  const translator = newTranslator();
  const hostOf = ({ route }: ReturnType<typeof emit>) =>
    [...route.values()].flatMap(hostsOf).find(({ name }) => name.startsWith('s7.'));
  const before = hostOf(emit(translator, [...mesh, canary(90)], proxyNode({})));
  const rule = destinationRule('s8', { host: 's8', trafficPolicy: { loadBalancer: { simple: 'RANDOM' } } });
  expect(before).toBeDefined();
  expect(hostOf(emit(translator, [...mesh, canary(90), rule], proxyNode({})))).toBe(before);
});

test('of the labels of a workload only those are in its group by which a rule chooses', () => {
  const pods = [
    pod('a', '10.9.0.1', { app: 'a', version: 'v1' }),
    pod('b', '10.9.0.2', { app: 'b', version: 'v1' }),
    pod('c', '10.9.0.3', { app: 'c', version: 'v2' }),
  ];
  const groupsWith = (objects: readonly SourceObject[]) => {
    const translator = newTranslator();
    const { value } = translator.resolve(objectSet([...mesh, ...pods, ...objects]));
    const groups = ['a', 'b', 'c'].map((name) => translator.group(value, proxyNode({ name, ip: '10.8.0.1' })));
    return groups.map((group) => [Object.fromEntries(group.labels), groups.indexOf(group)]);
  };
  expect(groupsWith([canary(50)])).toEqual([
    [{}, 0],
    [{}, 0],
    [{}, 0],
  ]);
  const match = [{ sourceLabels: { version: 'v1' } }];
  const chosen = virtualService('s7', { hosts: ['s7'], http: [weighted(90, { match })] });
  expect(groupsWith([chosen])).toEqual([
    [{ version: 'v1' }, 0],
    [{ version: 'v1' }, 0],
    [{ version: 'v2' }, 2],
  ]);
});

test('SLC0221: a large body is said, and one that is too large is left out', () => {
  const answer = (path: string, size: number): JsonObject => ({
    match: [{ uri: { exact: path } }],
    directResponse: { status: 200, body: { string: 'x'.repeat(size) } },
  });
  const rule = virtualService('s7', { hosts: ['s7'], http: [answer('/a', 100_001), answer('/b', 1_048_577)] });
  const { diagnostics, route } = emit(newTranslator(), [...mesh, rule], proxyNode({}));
  const said = diagnostics.filter(({ code }) => code !== 'SLC0205').map(({ code, path }) => [code, path[2]]);
  expect(said).toEqual([
    ['SLC0221', 0],
    ['SLC0105', 1],
  ]);
  expect([...route.values()].map(({ bytes }) => bytes.length).every((length) => length < 200_000)).toBe(true);
});

test('who calls is known by the labels of its Pod, or else by those that it says it has', () => {
  const matched = { match: [{ sourceLabels: { role: 'tester' } }], redirect: { uri: '/for-testers' } };
  const rules = virtualService('s7', { hosts: ['s7'], http: [matched, weighted(90)] });
  const known = pod('known', '10.9.9.9', { role: 'user' });
  const redirects = (name: string): boolean => {
    const node = proxyNode({ name, labels: new Map([['role', 'tester']]) });
    const { route } = emit(newTranslator(), [...mesh, rules, known], node);
    return JSON.stringify([...route.values()].flatMap(hostsOf).map(({ json }) => json)).includes('/for-testers');
  };
  expect([redirects('unknown'), redirects('known')]).toEqual([true, false]);
});
