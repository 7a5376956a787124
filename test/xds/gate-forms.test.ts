// What the gate makes of listeners and routes, as values: which clusters they name, under which domains a form is held, and
// that equal proxies share it.
import { describe, expect, test } from 'vitest';
import { encodedPart, resource, routeConfiguration, type XdsResource } from '../../src/envoy/resource.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { noExceptions } from '../../src/xds/due.ts';
import { clustersKnown, type Gate, type GatedKind, gates } from '../../src/xds/gate.ts';
import { nameSet } from '../../src/xds/name-set.ts';

const table = (one: XdsResource) => new Map([[one.name, one]]);

const known = (names: string) => clustersKnown(nameSet(names.split(' ')), nameSet(names.split(' ')));

/** What may be sent of `next` to a client that has acknowledged `clusters` and was sent `last`. */
function pass(kind: GatedKind, next: XdsResource, last: XdsResource | null, clusters: string): Gate {
  const sent = last === null ? new Map<string, XdsResource>() : table(last);
  return gates[kind](table(next), known(clusters), sent, noExceptions, true);
}

const routes = (...hosts: readonly JsonObject[]): XdsResource =>
  routeConfiguration(
    'r',
    { validate_clusters: false },
    hosts.map((host) => encodedPart('envoy.config.route.v3.VirtualHost', String(host['name']), host, [])),
  );

const host = (name: string, domains: readonly string[], action: JsonObject): JsonObject => ({
  name,
  domains,
  routes: [{ match: { prefix: '/' }, ...action }],
});

const to = (cluster: string): JsonObject => ({ route: { cluster } });

describe('the clusters that something names', () => {
  const named: readonly (readonly [string, JsonObject])[] = [
    ['cluster', to('b')],
    ['weighted_clusters', { route: { weighted_clusters: { clusters: [{ name: 'a' }, { name: 'b' }] } } }],
    ['request_mirror_policies', { route: { cluster: 'a', request_mirror_policies: [{ cluster: 'b' }] } }],
  ];
  test.each(named)('%s of a route', (_field, action) => {
    const next = routes(host('x', ['x'], action));
    expect(pass('route', next, null, 'a').held).toMatchObject([{ name: 'r/x' }]);
    expect(pass('route', next, null, 'a b').table?.get('r')).toBe(next);
  });

  const configs: readonly (readonly [string, JsonObject])[] = [
    ['weighted_clusters of a TCP proxy', { weighted_clusters: { clusters: [{ name: 'a' }, { name: 'b' }] } }],
    ['the routes written in a listener', { route_config: { virtual_hosts: [host('x', ['x'], to('b'))] } }],
  ];
  test.each(configs)('%s', (_field, config) => {
    const next = resource('listener', 'l', { default_filter_chain: { filters: [{ typed_config: config }] } }, []);
    expect([...pass('listener', next, null, 'a').waiting]).toEqual(['l']);
    expect(pass('listener', next, null, 'a b').table?.get('l')).toBe(next);
  });
});

test('a form is held under the newest domains, for another virtual host may have taken over one', () => {
  const last = routes(host('x', ['x', 'old'], to('a')), host('y', ['y'], to('a')));
  const next = routes(host('x', ['x', 'new'], to('b')), host('y', ['y', 'old'], to('a')));
  const hosts = pass('route', next, last, 'a').table?.get('r')?.json['virtual_hosts'];
  expect(hosts).toMatchObject([
    { name: 'x', domains: ['x', 'new'], routes: [to('a')] },
    { name: 'y', domains: ['y', 'old'], routes: [to('a')] },
  ]);
});

test('a route configuration that mirrors all requests to a missing cluster is held as a whole', () => {
  const last = routes(host('x', ['x'], to('a')));
  const hosts = [encodedPart('envoy.config.route.v3.VirtualHost', 'x', host('x', ['x'], { redirect: {} }), [])];
  const next = routeConfiguration('r', { request_mirror_policies: [{ cluster: 'b' }] }, hosts);
  expect(pass('route', next, last, 'a').table?.get('r')).toBe(last);
});

test('proxies in the same state share what is held for them, and its bytes', () => {
  const last = routes(host('x', ['x'], to('a')), host('y', ['y'], to('a')));
  const next = routes(host('x', ['x'], to('b')), host('y', ['y'], { redirect: {} }));
  const nexts = table(next);
  const held = [table(last), table(last)].map((sent) =>
    gates.route(nexts, known('a'), sent, noExceptions, false).table?.get('r'),
  );
  expect(held[0]).toBe(held[1]);
  expect(held[0]?.parts?.[0]).toBe(last.parts?.[0]);
  expect(held[0]?.parts?.[1]).toBe(next.parts?.[1]);
});

test('what is held stays the same object when it was sent', () => {
  const next = routes(host('x', ['x'], to('b')), host('y', ['y'], { redirect: {} }));
  const nexts = table(next);
  const first = gates.route(nexts, known('a'), new Map(), noExceptions, true).table ?? new Map();
  expect(gates.route(nexts, known('a'), first, noExceptions, true).table).toBe(first);
});
