// What proxies share though they are in different places, and what they do not.
import { expect, test } from 'vitest';
import { proxyNode } from '../../src/envoy/node.ts';
import { encoded } from '../../src/envoy/resource.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import type { SourceObject } from '../../src/model/object.ts';
import type { ProxyNode } from '../../src/model/proxy.ts';
import { Translator } from '../../src/translate/translator.ts';
import { destinationRule, node, objectSet, pod, service, slice } from './objects.ts';

const ports = [{ name: 'http', port: 80 }];
const names = ['a', 'b', 'c'];

/** Three services with two endpoints each, in two zones, and a client in either zone. */
const zones: readonly SourceObject[] = [
  ...['eu', 'us'].map((region) => node(region, { 'topology.kubernetes.io/region': region })),
  ...names.flatMap((name, index) => {
    const addresses = [`10.0.${index}.1`, `10.0.${index}.2`];
    const [one = '', two = ''] = addresses;
    return [
      service({ name, ports }),
      slice({ service: name, addresses, ports }),
      pod(`pod-${one}`, one, {}, 'default', 'default', 'eu'),
      pod(`pod-${two}`, two, {}, 'default', 'default', 'us'),
    ];
  }),
  pod('in-eu', '10.1.0.1', { version: 'v1' }, 'default', 'default', 'eu'),
  pod('in-us', '10.1.0.2', { version: 'v2' }, 'default', 'default', 'us'),
];
const clients: readonly ProxyNode[] = [proxyNode({ name: 'in-eu' }), proxyNode({ name: 'in-us' })];

const rule = (host: string, trafficPolicy: JsonObject) => destinationRule(host, { host, trafficPolicy });

function emitted(translator: Translator, objects: readonly SourceObject[]) {
  const { value: mesh } = translator.resolve(objectSet(objects));
  return clients.map((client) => {
    const group = translator.group(mesh, client);
    return { group, resources: translator.emit(mesh, group).value };
  });
}

const translator = () => new Translator({ allowLoopbackEndpoints: false });

test('clients of all zones are one group while no service looks at their place', () => {
  const [eu, us] = emitted(translator(), [...zones, rule('a', { loadBalancer: { simple: 'RANDOM' } })]);
  expect(eu?.group).toBe(us?.group);
});

test('where one service looks at it, the endpoints of all others are still the same objects', () => {
  const [eu, us] = emitted(translator(), [...zones, rule('a', { outlierDetection: {} })]);
  const differing = [...(eu?.resources.endpoint ?? [])].filter(
    ([name, own]) => us?.resources.endpoint.get(name) !== own,
  );
  expect(differing.map(([name]) => name)).toEqual(['outbound|80||a.default.svc.cluster.local']);
  expect([...(eu?.resources.cluster.values() ?? [])]).toEqual([...(us?.resources.cluster.values() ?? [])]);
});

test('labels count only where an order of endpoints names them', () => {
  const groups = (failoverPriority: readonly string[]) => {
    const policy = { outlierDetection: {}, loadBalancer: { localityLbSetting: { failoverPriority } } };
    return emitted(translator(), [...zones, rule('a', policy)]).map(({ group }) => group);
  };
  const [eu, us] = groups(['team']);
  expect(eu).toBe(us);
  const [one, two] = groups(['version']);
  expect(one?.endpointView.labels).toEqual(new Map([['version', 'v1']]));
  expect(two?.endpointView.labels).toEqual(new Map([['version', 'v2']]));
});

test('an endpoint that changes is encoded once for each place from which its service is looked at, and once elsewhere', () => {
  const all = [...zones, rule('a', { outlierDetection: {} })];
  const incremental = translator();
  emitted(incremental, all);
  const changed = (name: string, address: string) => {
    const start = encoded.messages;
    emitted(incremental, [...all, slice({ service: name, addresses: [address], ports })]);
    return encoded.messages - start;
  };
  expect(changed('a', '10.0.0.1')).toBe(2);
  expect(changed('b', '10.0.1.1')).toBe(2 + 1);
});

test('a proxy whose Pod nobody knows is where it says that it is', () => {
  const { value: mesh } = translator().resolve(objectSet([...zones, rule('a', { outlierDetection: {} })]));
  const place = { region: 'us', zone: '', subZone: '' };
  const [own, known] = [
    { name: 'stranger', locality: place },
    { name: 'in-us', locality: { ...place, region: 'x' } },
  ];
  const views = [own, known].map((each) => translator().group(mesh, proxyNode(each)).endpointView);
  expect(views.map(({ locality }) => locality)).toEqual([place, place]);
});

test('of very many preferences no more than Envoy has priorities make a difference', () => {
  const labels = Array.from({ length: 140 }, (_, index) => `label-${index}`);
  const has = (count: number): JsonObject => Object.fromEntries(labels.slice(0, count).map((label) => [label, 'x']));
  const addresses = labels.map((_, index) => `10.2.0.${index + 1}`);
  const policy = { outlierDetection: {}, loadBalancer: { localityLbSetting: { failoverPriority: labels } } };
  const [eu] = emitted(translator(), [
    ...addresses.map((address, index) => pod(`pod-${address}`, address, has(index))),
    service({ name: 'many', ports }),
    slice({ service: 'many', addresses, ports }),
    rule('many', policy),
    pod('in-eu', '10.1.0.1', has(140)),
  ]);
  const json = eu?.resources.endpoint.get('outbound|80||many.default.svc.cluster.local')?.json;
  const priorities = ((json?.['endpoints'] ?? []) as JsonObject[]).map((group) => Number(group['priority'] ?? 0));
  expect([priorities.length, Math.min(...priorities), Math.max(...priorities)]).toEqual([140, 0, 128]);
});

test('a selector of one namespace makes no difference between clients of another one', () => {
  const spec = { host: 'a', workloadSelector: { matchLabels: { version: 'v1' } }, trafficPolicy: {} };
  const grouped = (namespace: string) => emitted(translator(), [...zones, destinationRule('a', spec, namespace)]);
  const [eu, us] = grouped('default');
  expect([eu?.group.labels, us?.group.labels].map((labels) => labels?.get('version'))).toEqual(['v1', 'v2']);
  const [one, two] = grouped('other');
  expect(one?.group).toBe(two?.group);
});
