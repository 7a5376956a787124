// Everything that can happen to a town: each kind of change makes a new town, or none where it does not apply now.
import type { JsonObject } from '../../src/lib/json.ts';
import type { Host, Shop, Town } from './town.ts';

/** Makes choices; the same for the same seed. */
export interface Chance {
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number;
  /** One of these. */
  of<T>(items: readonly [T, ...T[]]): T;
}

export interface Limits {
  /** The addresses that a called service may have. */
  readonly addresses: (name: string) => readonly string[];
  /** The ports that other services may listen on. */
  readonly ports: readonly number[];
}

type Edit = (shop: Shop, name: string, chance: Chance, limits: Limits) => Shop | null;

const round = { loadBalancer: { simple: 'ROUND_ROBIN' } };
/** What a rule may say of all requests. */
const policies: readonly [JsonObject, ...JsonObject[]] = [
  round,
  { loadBalancer: { simple: 'LEAST_REQUEST' } },
  { loadBalancer: { simple: 'RANDOM' } },
  { loadBalancer: { consistentHash: { httpHeaderName: 'x-user' } } },
  { loadBalancer: { consistentHash: { httpCookie: { name: 'user', ttl: '1h' }, maglev: {} } } },
  { loadBalancer: { consistentHash: { useSourceIp: true } } },
  { loadBalancer: { consistentHash: { httpQueryParameterName: 'user', ringHash: { minimumRingSize: 64 } } } },
  { loadBalancer: { simple: 'LEAST_REQUEST', warmup: { duration: '1s' } } },
  { portLevelSettings: [{ port: { number: 80 }, loadBalancer: { simple: 'RANDOM' } }] },
];

/** What a VirtualService may say of a service: any of it answers as the service does. */
function routings(host: string): readonly [readonly JsonObject[], ...(readonly JsonObject[])[]] {
  const [whole, everyone] = [{ destination: { host } }, { destination: { host, subset: 'everyone' } }];
  const plain = { route: [whole] };
  const some = { 'x-user': { regex: '[0-4].*' } };
  return [
    [{ route: [everyone] }],
    [
      {
        route: [
          { ...whole, weight: 70 },
          { ...everyone, weight: 30 },
        ],
      },
    ],
    [{ match: [{ headers: some }], route: [everyone], timeout: '30s' }, plain],
    [{ match: [{ queryParams: { user: { exact: '7' } } }], rewrite: { uri: '/seven' }, ...plain }, plain],
    [{ match: [{ uri: { prefix: '/' } }], headers: { request: { set: { 'x-soak': 'new' } } }, ...plain }],
    [{ ...plain, mirrors: [{ ...everyone, percentage: { value: 20 } }] }],
    [
      {
        ...plain,
        retries: { attempts: 2, perTryTimeout: '15s' },
        corsPolicy: { allowOrigins: [{ exact: 'a.example' }] },
      },
    ],
  ];
}

/** At least so many endpoints of a called service are ready at any time. */
const fewestReady = 2;

const ready = ({ hosts }: Shop): readonly Host[] => hosts.filter((host) => host.ready);

function changeHost(shop: Shop, chosen: Host | undefined, change: Partial<Host>): Shop | null {
  if (chosen === undefined) return null;
  return { ...shop, hosts: shop.hosts.map((host) => (host === chosen ? { ...host, ...change } : host)) };
}

function newHost(shop: Shop, name: string, chance: Chance, limits: Limits): Host | null {
  const [free, ...rest] = limits.addresses(name).filter((each) => shop.hosts.every(({ address }) => address !== each));
  return free === undefined ? null : { address: chance.of([free, ...rest]), ready: true, zone: 'a', version: 'v1' };
}

const add: Edit = (shop, name, chance, limits) => {
  const host = newHost(shop, name, chance, limits);
  return host && { ...shop, hosts: [...shop.hosts, host] };
};

const remove: Edit = (shop, _, chance) => {
  const leaving = shop.hosts[chance.below(shop.hosts.length)];
  const hosts = shop.hosts.filter((host) => host !== leaving);
  return hosts.filter((host) => host.ready).length < fewestReady ? null : { ...shop, hosts };
};

/** What happens to a service that is called. */
const editsOfCalled: Readonly<Record<string, Edit>> = {
  'endpoint added': add,
  'endpoint removed': remove,
  'endpoint replaced': (shop, name, chance, limits) => {
    const fewer = remove(shop, name, chance, limits);
    const host = newHost(shop, name, chance, limits);
    return fewer && host && { ...fewer, hosts: [...fewer.hosts, host] };
  },
  'endpoint not ready': (shop, _, chance) =>
    ready(shop).length <= fewestReady
      ? null
      : changeHost(shop, ready(shop)[chance.below(ready(shop).length)], { ready: false }),
  'endpoint ready again': (shop) =>
    changeHost(
      shop,
      shop.hosts.find((host) => !host.ready),
      { ready: true },
    ),
  'endpoint in another zone': (shop, _, chance) =>
    changeHost(shop, shop.hosts[chance.below(shop.hosts.length)], { zone: chance.of(['a', 'b', 'c']) }),
  'label of a Pod': (shop, _, chance) =>
    changeHost(shop, shop.hosts[chance.below(shop.hosts.length)], { version: chance.of(['v1', 'v2']) }),
  'endpoints in more slices': (shop) => ({ ...shop, slices: 1 + (shop.slices % 3) }),
  'policy of a rule': (shop, _, chance) => ({ ...shop, rule: { ...shop.rule, trafficPolicy: chance.of(policies) } }),
  'subsets of a rule': (shop, _, chance) => {
    const named = (version: string): JsonObject => ({ name: version, labels: { version } });
    const subsets = chance.of([[], [named('v1')], [named('v1'), { ...named('v2'), trafficPolicy: round }]]);
    return { ...shop, rule: { ...shop.rule, subsets } };
  },
  'routes of a service': (shop, name, chance) => ({ ...shop, routes: chance.of(routings(name)), routed: true }),
  'routes removed': (shop) => (shop.routes === null ? null : { ...shop, routes: null }),
  'rule removed': (shop) => (shop.rule === null ? null : { ...shop, rule: null }),
  'annotation of a service': (shop, _, chance) => ({
    ...shop,
    annotations: { 'example.com/note': String(chance.below(1000)) },
  }),
  'text of a file': (shop) => ({ ...shop, edition: shop.edition + 1 }),
};

const mostOthers = 12;

function freePort({ others }: Town, chance: Chance, { ports }: Limits): number | null {
  const [first, ...rest] = ports.filter((port) => [...others.values()].every((shop) => shop.port !== port));
  return first === undefined ? null : chance.of([first, ...rest]);
}

/** What happens to those that nobody calls. */
const editsOfOthers: Readonly<Record<string, (town: Town, chance: Chance, limits: Limits) => Town | null>> = {
  'service added': (town, chance, limits) => {
    const port = chance.below(2) === 0 ? 80 : freePort(town, chance, limits);
    const name = `other-${chance.below(1_000_000)}`;
    const [shop] = town.called.values();
    if (port === null || town.others.size >= mostOthers || shop === undefined) return null;
    return withOther(town, name, { ...shop, port, portName: 'http', rule: null, routes: null, routed: false });
  },
  'service removed': (town, chance) => {
    const [name] = other(town, chance) ?? [''];
    if (town.others.size < 3) return null;
    return { ...town, others: new Map([...town.others].filter(([each]) => each !== name)) };
  },
  'port of a service': (town, chance, limits) => {
    const [found, port] = [other(town, chance), freePort(town, chance, limits)];
    return found === null || port === null ? null : withOther(town, found[0], { ...found[1], port });
  },
  'protocol of a port': (town, chance) => {
    const found = other(town, chance);
    if (found === null || found[1].port === 80) return null;
    return withOther(town, found[0], { ...found[1], portName: found[1].portName === 'http' ? 'tcp' : 'http' });
  },
  'endpoints of another service': (town, chance) => {
    const found = other(town, chance);
    const [shop] = town.called.values();
    if (found === null || shop === undefined) return null;
    const hosts = found[1].hosts.length > 1 ? found[1].hosts.slice(1) : shop.hosts;
    return withOther(town, found[0], { ...found[1], hosts });
  },
  'rule of another service': (town, chance) => {
    const found = other(town, chance);
    return found && withOther(town, found[0], { ...found[1], rule: { trafficPolicy: chance.of(policies) } });
  },
};

function other({ others }: Town, chance: Chance): readonly [string, Shop] | null {
  return [...others][chance.below(Math.max(1, others.size))] ?? null;
}

function withOther(town: Town, name: string, shop: Shop): Town {
  return { ...town, others: new Map([...town.others, [name, shop]]) };
}

/** All kinds of change by name. */
export const changeKinds: ReadonlyMap<string, (town: Town, chance: Chance, limits: Limits) => Town | null> = new Map([
  ...Object.entries(editsOfCalled).map(([kind, edit]) => [kind, onCalled(edit)] as const),
  ...Object.entries(editsOfOthers),
]);

function onCalled(edit: Edit): (town: Town, chance: Chance, limits: Limits) => Town | null {
  return (town, chance, limits) => {
    const [name, shop] = [...town.called][chance.below(town.called.size)] ?? [];
    if (name === undefined || shop === undefined) return null;
    const edited = edit(shop, name, chance, limits);
    return edited && { ...town, called: new Map([...town.called, [name, edited]]) };
  };
}

/** Choices from a seed (mulberry32). */
export function chanceFrom(seed: number): Chance {
  let state = seed >>> 0;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
  return { below, of: (items) => items[below(items.length)] ?? items[0] };
}
