// Whatever is bad, whenever it comes and goes: when it is quiet, the client holds all that is good in its newest form.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { XdsResource } from '../../src/envoy/resource.ts';
import type { ResourceKind } from '../../src/envoy/types.ts';
import type { Protocol } from '../../src/xds/requests.ts';
import type { Snapshot } from '../../src/xds/snapshot.ts';
import { contentOf } from './gate-recorder.ts';
import { ModelClient } from './model-client.ts';
import { sequences } from './requests-of-tests.ts';
import { shared, snapshot } from './resources.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
/** The content that a client refuses. */
const bad = 9;

type Command =
  | { readonly kind: 'publish' | 'reconnect'; readonly contents: readonly number[] }
  | { readonly kind: 'drain' | 'receive' | 'accept' }
  | { readonly kind: 'pass'; readonly milliseconds: number };

/** 0: it is not there. */
const contents = fc.array(fc.constantFrom(0, 1, 1, 2, 2, bad), { minLength: names.length, maxLength: names.length });

const commands: fc.Arbitrary<readonly Command[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constantFrom('publish' as const, 'publish' as const, 'reconnect' as const), contents }),
    fc.record({ kind: fc.constantFrom('drain' as const, 'receive' as const, 'accept' as const) }),
    fc.record({ kind: fc.constantFrom('drain' as const, 'receive' as const, 'accept' as const) }),
    fc.record({ kind: fc.constant('pass' as const), milliseconds: fc.constantFrom(1, 2000, 5000) }),
  ),
  { maxLength: 40, size: 'max' },
);

/** One route configuration, whose virtual hosts are the names; else a resource for each name. */
function toSnapshot(kind: ResourceKind, list: readonly number[]): Snapshot {
  const there = list.flatMap((content, index) => (content === 0 ? [] : [[names[index] ?? '', content] as const]));
  if (kind === 'route') {
    const hosts = ['base:1', ...there.map(([name, content]) => `${name}:${content}`)];
    return { ...snapshot({}), route: new Map([['r', shared('route', 'r', hosts.join())]]) };
  }
  return snapshot({ [kind]: there.map(([name, content]) => `${name}=${content}`).join(' ') });
}

const parts = (resource: XdsResource): readonly string[] =>
  resource.kind === 'route' ? contentOf('route', resource) : [`${resource.name}:${contentOf(resource.kind, resource)}`];

const isBad = (part: string): boolean => part.endsWith(`:${bad}`);

function play(protocol: Protocol, kind: ResourceKind, lists: boolean, script: readonly Command[]) {
  let current = snapshot({});
  const client = new ModelClient(protocol, current);
  client.taste = {
    refuses: (resource) => parts(resource).some(isBad),
    list: (of, all) =>
      lists && (of === 'cluster' || of === 'listener')
        ? `Error adding/updating ${of}(s) ${all.map(({ name }) => `${name}: bad`).join(of === 'cluster' ? ', ' : '\n')}`
        : null,
  };
  client.subscribe(kind, kind === 'route' ? ['r'] : kind === 'endpoint' ? names : [], false);
  for (const command of script) {
    if (command.kind === 'publish' || command.kind === 'reconnect') {
      current = toSnapshot(kind, command.contents);
      client[command.kind](current);
    } else if (command.kind === 'pass') client.pass(command.milliseconds);
    else if (command.kind === 'accept') client.answer(true);
    else client[command.kind]();
  }
  client.quiesce();
  return { client, current };
}

/** Of what the snapshot has in a good form, what is there: `a:1 b:2`. */
function goodOf(snapshot: Snapshot, kind: ResourceKind, there: Iterable<XdsResource>): string {
  const wanted = [...snapshot[kind].values()].flatMap(parts).filter((part) => !isBad(part));
  const names = new Set(wanted.map(nameOf));
  const found = [...there].flatMap(parts).filter((part) => names.has(nameOf(part)));
  return found.sort().join(' ');
}

const nameOf = (part: string): string => part.slice(0, part.indexOf(':'));

function held({ types }: ModelClient, kind: ResourceKind): readonly XdsResource[] {
  const { held: versions, resources } = types[kind];
  return [...versions.keys()].flatMap((name) => resources.get(name) ?? []);
}

const kinds = fc.constantFrom<ResourceKind>('cluster', 'endpoint', 'listener', 'route');

describe.each<Protocol>(['sotw', 'delta'])('%s', (protocol) => {
  test('what is good arrives, what is bad does not, and it comes to rest', () => {
    fc.assert(
      fc.property(kinds, fc.boolean(), commands, (kind, lists, script) => {
        const { client, current } = play(protocol, kind, lists, script);
        expect(goodOf(current, kind, held(client, kind))).toBe(goodOf(current, kind, current[kind].values()));
        expect(held(client, kind).flatMap(parts).filter(isBad)).toEqual([]);
        // A search may come to the same response once more: the last of its suspects beside all that is good.
        expect(client.offences.filter((offence) => !offence.endsWith('after a refusal'))).toEqual([]);
      }),
      sequences(3000),
    );
  });
});
