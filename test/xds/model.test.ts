// Whatever happens in whatever order: when it is quiet, the client holds exactly what it should have.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ResourceKind, resourceKinds } from '../../src/envoy/types.ts';
import type { Protocol } from '../../src/xds/requests.ts';
import type { Snapshot } from '../../src/xds/snapshot.ts';
import { ModelClient } from './model-client.ts';
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

function toSnapshot({ contents, anew }: Publish): Snapshot {
  const table = (kind: ResourceKind) =>
    new Map(
      contents[kind].flatMap((content, index) => {
        const name = letters[index] ?? '';
        return content === 0 ? [] : [[name, (anew ? make : shared)(kind, name, content)] as const];
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

/** What the client should hold, and what it holds, one line per type. SotW cannot say that endpoints are gone. */
function compare(client: ModelClient, target: Snapshot): readonly [expected: string, real: string] {
  const lines = resourceKinds.flatMap((kind) => {
    const { wanted, held } = client.types[kind];
    if (wanted === null) return [];
    const due = [...target[kind].values()].filter(({ name }) => wanted.wildcard || wanted.names.has(name));
    const silent = client.protocol === 'sotw' && (kind === 'endpoint' || kind === 'route');
    const real = [...held].filter(([name]) => !silent || target[kind].has(name));
    const write = (entries: readonly (readonly [string, string])[]): string => `${kind} ${entries.map(String).sort()}`;
    return [[write(due.map(({ name, version }) => [name, version])), write(real)] as const];
  });
  return [lines.map(([due]) => due).join('\n'), lines.map(([, real]) => real).join('\n')];
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
      { numRuns: 1500 },
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
      { numRuns: 1500 },
    );
  });
});
