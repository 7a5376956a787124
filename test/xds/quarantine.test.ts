// What is refused goes aside, everything else flows on: by Envoy's list of names, and where there is none by a search.
import { describe, expect, test } from 'vitest';
import { Quarantine, type Verdict } from '../../src/xds/quarantine.ts';
import type { Culprit } from '../../src/xds/refusal.ts';
import { hostsOf } from '../../src/xds/virtual-hosts.ts';
import { label, shared, snapshot } from './resources.ts';
import { type Case, converse } from './transcript.ts';

const listsB = 'Error adding/updating cluster(s) b: no such thing';

const eight = 'a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1';
const names = 'a b c d e f g h';
const inForce = `publish endpoint: ${eight}
     endpoint ask ${names}
     < endpoint ${eight}
     endpoint ack`;

const searches: readonly Case[] = [
  [
    'R-01: where the refusal names nothing the one at fault is found in halves, and all others are taken',
    `${inForce}
     publish endpoint: a=2 b=2 c=2 d=2 e=2 f=1 g=1 h=1
     < endpoint a=2 b=2 c=2 d=2 e=2
     endpoint nack bad
     ! endpoint refused bad
     < endpoint a=2 b=2 c=2
     endpoint ack
     < endpoint d=2 e=2
     endpoint nack bad
     ! endpoint refused bad
     < endpoint d=2
     endpoint nack bad
     ! endpoint refused bad
     ! endpoint at fault d<d=1
     < endpoint e=2
     endpoint ack
     publish endpoint: a=2 b=2 c=2 d=2 e=3 f=1 g=1 h=1
     < endpoint e=3
     endpoint ack
     publish endpoint: a=2 b=2 c=2 d=3 e=3 f=1 g=1 h=1
     < endpoint d=3
     endpoint ack`,
  ],
  [
    'R-03: a correction that comes during the search is taken, and a change of something else does not wait for its end',
    `${inForce}
     publish endpoint: a=2 b=2 c=2 d=2 e=1 f=1 g=1 h=1
     < endpoint a=2 b=2 c=2 d=2
     endpoint nack bad
     ! endpoint refused bad
     < endpoint a=2 b=2
     publish endpoint: a=2 b=2 c=2 d=3 e=2 f=1 g=1 h=1
     endpoint ack
     < endpoint d=3 e=2
     endpoint ack
     < endpoint c=2
     endpoint ack`,
  ],
  [
    'R-02: a client that refuses whatever it is sent is sent two responses, and no more until something changes',
    `publish endpoint: ${eight}
     endpoint ask ${names}
     < endpoint ${eight}
     endpoint nack no
     ! endpoint refused no
     < endpoint
     endpoint nack no
     ! endpoint refused no
     wait 60000
     publish endpoint: a=2 b=1 c=1 d=1 e=1 f=1 g=1 h=1
     < endpoint a=2 b=1 c=1 d=1 e=1 f=1 g=1 h=1`,
  ],
  [
    'in a route configuration the virtual host at fault keeps its last form, and the others move on',
    `publish route: r=v:503,w:503,x:503,y:503
     route ask r
     < route r=v:503,w:503,x:503,y:503
     route ack
     publish route: r=v:a,w:b,x:c,y:503
     < route r=v:a,w:b,x:c,y:503
     route nack bad
     ! route refused bad
     < route r=v:503,w:503,x:503,y:503
     route ack
     < route r=v:a,w:b,x:503,y:503
     route nack bad
     ! route refused bad
     < route r=v:503,w:503,x:503,y:503
     route ack
     < route r=v:a,w:503,x:503,y:503
     route ack
     < route r=v:a,w:b,x:503,y:503
     route nack worse
     ! route refused worse
     ! route at fault r/w<r=v:a,w:503,x:503,y:503
     < route r=v:a,w:503,x:503,y:503
     route ack
     < route r=v:a,w:503,x:c,y:503
     route ack
     publish route: r=v:a,w:b,x:c,y:d
     < route r=v:a,w:503,x:c,y:d
     route ack
     publish route: r=v:a,w:c,x:c,y:d
     < route r=v:a,w:c,x:c,y:d
     route ack`,
  ],
];

for (const protocol of ['sotw', 'delta'] as const) converse(protocol, searches);

converse('delta', [
  [
    'R-03: a client that asks for all listeners and not for clusters is noticed',
    `publish listener: l=1
     listener ask
     < listener l=1
     listener ack
     wait 4999
     wait 1
     ! clusterless
     cluster ask
     < cluster
     wait 60000`,
  ],
  [
    'R-03: a client that asks for its listeners by name may do without clusters',
    `publish listener: l=1
     listener ask l
     < listener l=1
     wait 60000`,
  ],
  [
    'R-01: what Envoy names stays aside, what it does not name was taken, and other changes flow on',
    `publish cluster: a=1 b=1 c=1
     cluster ask
     < cluster a=1 b=1 c=1
     cluster ack
     publish cluster: a=2 b=2 c=1
     < cluster a=2 b=2
     cluster nack ${listsB}
     ! cluster refused ${listsB}
     ! cluster at fault b<b=1
     publish cluster: a=2 b=2 c=2
     < cluster c=2
     cluster ack
     publish cluster: a=2 b=3 c=2
     < cluster b=3
     cluster ack`,
  ],
  [
    'of a list that Envoy has cut the rest counts as refused too',
    `publish cluster: a=1 b=1
     cluster ask
     < cluster a=1 b=1
     cluster nack ${listsB}...(truncated)
     ! cluster refused ${listsB}...(truncated)
     ! cluster at fault b
     < cluster a=1`,
  ],
  [
    'what has no good form here is neither sent nor removed, and whoever held it keeps it',
    `publish cluster: a=1 b=2
     cluster has a=1 b=1;
     < cluster b=2
     cluster nack ${listsB}
     ! cluster refused ${listsB}
     ! cluster at fault b
     publish cluster: a=2 b=2
     < cluster a=2
     cluster ack`,
  ],
]);

converse('sotw', [
  [
    'R-01: a full state has the last good form of what is refused, and nothing where there is none',
    `publish cluster: a=1 b=1
     cluster ask
     < cluster a=1 b=1
     cluster ack
     publish cluster: a=2 b=2 c=1
     < cluster a=2 b=2 c=1
     cluster nack Error adding/updating cluster(s) b: bad, c: worse
     ! cluster refused Error adding/updating cluster(s) b: bad, c: worse
     ! cluster at fault b<b=1 c
     publish cluster: a=3 b=2 c=1
     < cluster a=3 b=1
     cluster ack
     publish cluster: a=3 b=3 c=2
     < cluster a=3 b=3 c=2
     cluster ack`,
  ],
  [
    'who comes back with something keeps it for a while where there is nothing good to send, and other types flow on',
    `publish cluster: a=1 b=2; endpoint: a=1
     cluster back
     wait 500
     < cluster a=1 b=2
     cluster nack ${listsB}
     ! cluster refused ${listsB}
     ! cluster at fault b
     publish cluster: a=2 b=2; endpoint: a=1
     endpoint ask a
     < endpoint a=1
     endpoint ack
     wait 4999
     wait 1
     < cluster a=2
     < endpoint a=1`,
  ],
]);

const culprit = (kind: 'cluster' | 'route', name: string, content: string, good: string | null): Culprit => ({
  resource: shared(kind, name, content),
  host: null,
  good: good === null ? null : shared(kind, name, good),
});
const verdict = (kind: 'cluster' | 'route', one: Culprit): Verdict => ({
  kind,
  culprit: one,
  node: 'n',
  message: 'bad',
});
const labels = (
  table: ReadonlyMap<string, { readonly kind: 'cluster' | 'endpoint' | 'listener' | 'route'; readonly json: unknown }>,
) => [...table.values()].map(({ kind, json }) => label(kind, json)).join(' ');

describe('the quarantine of a group', () => {
  test('others of the group are offered the last good form, and nothing where there is none', () => {
    const quarantine = new Quarantine();
    quarantine.add([
      verdict('cluster', culprit('cluster', 'a', '2', '1')),
      verdict('cluster', culprit('cluster', 'b', '2', null)),
    ]);
    const offered = quarantine.offer(snapshot({ cluster: 'a=2 b=2 c=2' }));
    expect(labels(offered.cluster)).toBe('a=1 c=2');
    expect([...(offered.withheld?.cluster ?? [])]).toEqual(['b']);
    expect(quarantine.offer(snapshot({ cluster: 'a=2 b=2 c=2' }, offered)).endpoint).toBe(offered.endpoint);
  });

  test('R-03: what has changed since, or is gone, is let out', () => {
    const quarantine = new Quarantine();
    quarantine.add([
      verdict('cluster', culprit('cluster', 'a', '2', '1')),
      verdict('cluster', culprit('cluster', 'b', '2', null)),
    ]);
    const next = snapshot({ cluster: 'a=3' });
    expect(quarantine.offer(next)).toBe(next);
    expect(quarantine.verdicts).toEqual([]);
  });
});

describe('what proxies of one group say', () => {
  test('what another proxy of the group has taken is not bad for what it is', () => {
    const quarantine = new Quarantine();
    quarantine.add([verdict('cluster', culprit('cluster', 'a', '2', '1'))]);
    expect(quarantine.taken('cluster', [shared('cluster', 'a', '1')])).toEqual([]);
    expect(quarantine.taken('cluster', [shared('cluster', 'a', '2')])).toHaveLength(1);
    const current = snapshot({ cluster: 'a=2' });
    expect(quarantine.offer(current)).toBe(current);
  });

  test('a virtual host is exchanged in whatever form of its route configuration it comes', () => {
    const [, host] = hostsOf(shared('route', 'r', 'x:a,y:b'));
    if (host === undefined) throw new Error('no host');
    const quarantine = new Quarantine();
    quarantine.add([
      { kind: 'route', culprit: { ...culprit('route', 'r', 'x:a,y:b', 'x:a,y:c'), host }, node: 'n', message: 'bad' },
    ]);
    expect(labels(quarantine.offer(snapshot({ route: 'r=x:z,y:b' })).route)).toBe('r=x:z,y:c');
    expect(quarantine.verdicts).toHaveLength(1);
    expect(labels(quarantine.offer(snapshot({ route: 'r=x:z,y:d' })).route)).toBe('r=x:z,y:d');
    expect(quarantine.verdicts).toHaveLength(0);
  });

  test('of two proxies that refuse the same the one that knows a good form decides', () => {
    const quarantine = new Quarantine();
    quarantine.add([verdict('cluster', culprit('cluster', 'a', '2', null))]);
    quarantine.add([verdict('cluster', culprit('cluster', 'a', '2', '1'))]);
    expect(labels(quarantine.offer(snapshot({ cluster: 'a=2' })).cluster)).toBe('a=1');
  });
});
