// Whatever happens in whatever order: when it is quiet, the client holds exactly what it should have.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ResourceKind, resourceKinds } from '../../src/envoy/types.ts';
import type { Protocol } from '../../src/xds/requests.ts';
import type { Snapshot } from '../../src/xds/snapshot.ts';
import { clusterIn, contentOf } from './gate-recorder.ts';
import { ModelClient } from './model-client.ts';
import { sequences } from './requests-of-tests.ts';
import { make, shared } from './resources.ts';

/** Per type, the content of each name: 0 is none. `anew` makes objects of its own, as another replica does. */
interface Publish {
  readonly contents: { readonly [K in ResourceKind]: readonly number[] };
  readonly anew: boolean;
}

type Command =
  | ({ readonly kind: 'publish' | 'reconnect' } & Publish)
  | {
      readonly kind: 'subscribe' | 'unsubscribe';
      readonly type: ResourceKind;
      readonly names: readonly string[];
      readonly wildcard: boolean;
    }
  | { readonly kind: 'drain' | 'receive' | 'accept' | 'refuse' }
  | { readonly kind: 'stray'; readonly type: ResourceKind }
  | { readonly kind: 'pass'; readonly milliseconds: number };

const letters = ['a', 'b', 'c'];
const kinds = fc.constantFrom(...resourceKinds);
const names = fc.subarray([...letters, 'x']);

function published(highest: number): fc.Arbitrary<Publish> {
  const contents = fc.array(fc.integer({ min: 0, max: highest }), { minLength: 3, maxLength: 3 });
  return fc.record({
    contents: fc.record({ cluster: contents, endpoint: contents, listener: contents, route: contents }),
    anew: fc.boolean(),
  });
}

function commands(kindsOfAnswer: readonly ('accept' | 'refuse')[]): fc.Arbitrary<readonly Command[]> {
  const change = fc.tuple(fc.constantFrom('publish' as const, 'publish' as const, 'reconnect' as const), published(3));
  const command: fc.Arbitrary<Command> = fc.oneof(
    change.map(([kind, publish]) => ({ kind, ...publish })),
    fc.record({
      kind: fc.constantFrom('subscribe' as const, 'subscribe' as const, 'unsubscribe' as const),
      type: kinds,
      names,
      wildcard: fc.boolean(),
    }),
    fc.record({ kind: fc.constantFrom('drain' as const, 'receive' as const, ...kindsOfAnswer) }),
    fc.record({ kind: fc.constantFrom('drain' as const, 'receive' as const, ...kindsOfAnswer) }),
    fc.record({ kind: fc.constant('stray' as const), type: kinds }),
    fc.record({ kind: fc.constant('pass' as const), milliseconds: fc.constantFrom(1, 1999, 2000, 5000) }),
  );
  return fc.array(command, { maxLength: 60, size: 'max' });
}

/** What a listener or a route configuration of a content names. */
const naming: { readonly [K in ResourceKind]?: readonly string[] } = {
  listener: ['tcp:a', 'tcp:b', '1'],
  route: ['x:a,y:b', 'x:b,y:c', 'y:503,x:c,z:a'],
};

/** From 10 on it is a correction, in which nothing is as it may have been refused. */
const contentFor = (kind: ResourceKind, content: number): string => {
  const texts = naming[kind];
  if (texts === undefined) return `${content}`;
  const text = texts[content % texts.length] ?? '';
  if (content < 10) return text;
  return kind === 'route' ? text.replaceAll(/(\w:)/g, 'w$1') : `${text},corrected`;
};

function toSnapshot({ contents, anew }: Publish): Snapshot {
  const table = (kind: ResourceKind) =>
    new Map(
      contents[kind].flatMap((content, index) => {
        const name = letters[index] ?? '';
        return content === 0 ? [] : [[name, (anew ? make : shared)(kind, name, contentFor(kind, content))] as const];
      }),
    );
  return { cluster: table('cluster'), endpoint: table('endpoint'), listener: table('listener'), route: table('route') };
}

const empty: Snapshot = toSnapshot({ contents: { cluster: [], endpoint: [], listener: [], route: [] }, anew: false });

/** Plays the commands; gives the client, and the snapshot that was published last. */
function play(protocol: Protocol, script: readonly Command[]): readonly [ModelClient, Snapshot] {
  const client = new ModelClient(protocol, empty);
  let current = empty;
  for (const command of script) {
    if (command.kind === 'publish' || command.kind === 'reconnect') {
      current = toSnapshot(command);
      client[command.kind](current);
    } else if (command.kind === 'subscribe' || command.kind === 'unsubscribe') {
      client[command.kind](command.type, command.names, command.wildcard);
    } else if (command.kind === 'stray') client.stray(command.type);
    else if (command.kind === 'pass') client.pass(command.milliseconds);
    else if (command.kind === 'accept' || command.kind === 'refuse') client.answer(command.kind === 'accept');
    else client[command.kind]();
  }
  return [client, current];
}

/**
 * What the client should hold, and what it holds, one line per type. SotW cannot say that endpoints are gone. What names
 * a cluster that the client has not (a snapshot may lack it) is not compared: `?`.
 */
function compare(client: ModelClient, target: Snapshot): readonly [expected: string, real: string] {
  const { wanted: clusters, held: there } = client.types.cluster;
  const open = (part: string): boolean => {
    const cluster = clusterIn(part);
    return clusters?.wildcard !== true || cluster === null || (there.has(cluster) && target.cluster.has(cluster));
  };
  const kept = stillNamed(client);
  const lines = resourceKinds.flatMap((kind) => {
    const { wanted, held, resources } = client.types[kind];
    if (wanted === null) return [];
    const due = [...target[kind].values()].filter(({ name }) => wanted.wildcard || wanted.names.has(name));
    const gated = kind === 'listener' || kind === 'route';
    const closed = new Set(
      gated ? due.filter((resource) => !contentOf(kind, resource).every(open)).map(({ name }) => name) : [],
    );
    const silent = client.protocol === 'sotw' && (kind === 'endpoint' || kind === 'route');
    const write = (entries: readonly (readonly [string, string])[]): string => `${kind} ${entries.map(String).sort()}`;
    const spared = (name: string): boolean =>
      silent || (kept.has(name) && (kind === 'cluster' || (kind === 'endpoint' && there.has(name))));
    const real = [...held].filter(([name]) => !closed.has(name) && (target[kind].has(name) || !spared(name)));
    // Of a route configuration that is held in part, the hosts that are not held.
    const parts = due.filter(({ name }) => kind === 'route' && closed.has(name));
    const partsDue = parts.map(({ name }) => {
      const list = contentOf(kind, target[kind].get(name) ?? missing(name));
      return [name, String(list.map((part) => (open(part) ? part : `${part.split(':')[0]}:?`)))] as const;
    });
    const partsReal = parts.map(({ name }) => {
      const list = contentOf(kind, target[kind].get(name) ?? missing(name));
      const mine = contentOf(kind, resources.get(name) ?? missing(name));
      return [
        name,
        String(mine.map((part, index) => (open(list[index] ?? '') ? part : `${part.split(':')[0]}:?`))),
      ] as const;
    });
    const whole = due.filter(({ name }) => !closed.has(name)).map(({ name, version }) => [name, version] as const);
    return [[write([...whole, ...partsDue]), write([...real, ...partsReal])]] as const;
  });
  return [lines.map(([due]) => due).join('\n'), lines.map(([, real]) => real).join('\n')];
}

/** The clusters that what the client holds still names, and that stay for it though they are gone. */
function stillNamed({ types }: ModelClient): ReadonlySet<string> {
  const parts = (['listener', 'route'] as const).flatMap((kind) =>
    [...types[kind].held.keys()].flatMap((name) => contentOf(kind, types[kind].resources.get(name) ?? missing(name))),
  );
  return new Set(parts.flatMap((part) => clusterIn(part) ?? []));
}

function missing(name: string): never {
  throw new Error(`${name} never came`);
}

describe.each<Protocol>(['sotw', 'delta'])('%s', (protocol) => {
  test('a client that accepts everything ends up with the last snapshot', () => {
    fc.assert(
      fc.property(commands(['accept']), (script) => {
        const [client, target] = play(protocol, script);
        client.quiesce();
        const [expected, real] = compare(client, target);
        expect(real).toBe(expected);
        expect(client.offences).toEqual([]);
      }),
      sequences(4000),
    );
  });

  test('a client that refused anything ends up with the corrected snapshot', () => {
    fc.assert(
      fc.property(commands(['accept', 'refuse']), published(2), (script, correction) => {
        const [client] = play(protocol, script);
        client.quiesce();
        const { cluster, endpoint, listener, route } = correction.contents;
        const fresh = [cluster, endpoint, listener, route].map((list) => list.map((content) => content + 10));
        const [c = [], e = [], l = [], r = []] = fresh;
        const target = toSnapshot({ contents: { cluster: c, endpoint: e, listener: l, route: r }, anew: false });
        client.publish(target);
        client.quiesce();
        const [expected, real] = compare(client, target);
        expect(real).toBe(expected);
        expect(client.offences).toEqual([]);
      }),
      sequences(4000),
    );
  });
});
