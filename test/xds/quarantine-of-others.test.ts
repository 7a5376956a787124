// What the proxies of one group have refused and taken, put together.
import { expect, test } from 'vitest';
import { Quarantine, type Verdict } from '../../src/xds/quarantine.ts';
import { step } from '../../src/xds/stream.ts';
import { newStream } from '../../src/xds/stream-state.ts';
import { hasTaken } from '../../src/xds/taken.ts';
import { hostsByName } from '../../src/xds/virtual-hosts.ts';
import { asking, options } from './requests-of-tests.ts';
import { label, shared, snapshot } from './resources.ts';

test('two hosts of a route configuration that different proxies refuse have each its own last good form', () => {
  const refused = (host: string, good: string | null): Verdict => {
    const resource = shared('route', 'r', 'x:z,y:b,w:c');
    return {
      kind: 'route',
      culprit: {
        resource,
        host: hostsByName(resource).get(host) ?? null,
        good: good === null ? null : shared('route', 'r', good),
      },
      node: 'n',
      message: 'bad',
    };
  };
  const quarantine = new Quarantine();
  quarantine.add([refused('y', 'x:z,y:a,w:a'), refused('w', null)]);
  const offered = quarantine.offer(snapshot({ route: 'r=x:z,y:b,w:c' }));
  expect([...offered.route.values()].map(({ json }) => label('route', json))).toEqual(['r=x:z,y:a,w:503']);
});

test('a stream has not taken what its client never asked for', () => {
  let { state } = step(newStream({ ...options, protocol: 'sotw' }), {
    kind: 'snapshot',
    snapshot: snapshot({ endpoint: 'a=1 b=1' }),
    now: 0,
  });
  const first = step(state, asking('endpoint', ['a']));
  ({ state } = step(first.state, { kind: 'drained', now: 0 }));
  ({ state } = step(state, asking('endpoint', ['a'], first.response?.nonce)));
  const has = (name: string) =>
    hasTaken(state, 'endpoint', { resource: shared('endpoint', name, '1'), host: null, good: null });
  expect([has('a'), has('b')]).toEqual([true, false]);
});
