// VirtualServices through a real Envoy: where requests go, and what is answered at once.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poll } from '../../src/inject/poll.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { counts, TestMesh } from '../harness/mesh.ts';
import { ask, canary, first, rule, second, to, versionsOfShop } from '../harness/versions.ts';

const at = (prefix: string): JsonObject => ({ match: [{ uri: { prefix } }] });

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await TestMesh.start({ ...versionsOfShop, ...rule({ route: [to('v1')] }) });
});
afterAll(async () => {
  await mesh.check();
  await mesh.close();
});

// 75 of 300 give or take 7.5: beyond six times that lies less than one run in 1e8.
test('weights share them between subsets, and a weight of 0 keeps a subset out', async () => {
  await mesh.apply(rule({ route: [to('v1', 3), to('v2', 1)] }));
  const shared = counts(await mesh.requests(300));
  expect(shared[canary]).toBeGreaterThan(30);
  expect(shared[canary]).toBeLessThan(120);
  expect(shared[first]).toBeGreaterThan(0);
  await mesh.apply(rule({ route: [to('v1', 1), to('v2', 0)] }));
  expect(counts(await mesh.requests(40))).toEqual({ [first]: 20, [second]: 20 });
});

test('a header, the case of a path and a query parameter choose the route', async () => {
  const chosen = { route: [to('v2')] };
  await mesh.apply(
    rule(
      { match: [{ headers: { 'x-user': { exact: 'jason' } }, withoutHeaders: { 'x-stop': {} } }], ...chosen },
      { match: [{ uri: { exact: '/New' }, ignoreUriCase: true }], ...chosen },
      { match: [{ uri: { regex: '/item/[0-9]+' }, queryParams: { beta: { exact: '1' } } }], ...chosen },
      { route: [to('v1')] },
    ),
  );
  const by = async (path: string, headers?: Readonly<Record<string, string>>) =>
    (await ask(mesh, path, headers)).body === canary;
  expect(await by('/', { 'x-user': 'jason' })).toBe(true);
  expect(await by('/', { 'x-user': 'jason', 'x-stop': 'yes' })).toBe(false);
  expect(await by('/', { 'x-user': 'jasonx' })).toBe(false);
  expect(await by('/nEW')).toBe(true);
  expect(await by('/new/')).toBe(false);
  expect(await by('/item/12?beta=1')).toBe(true);
  expect(await by('/item/12x?beta=1')).toBe(false);
  expect(await by('/item/12')).toBe(false);
});

test('a mirror gets every request too, and nobody waits for what it says', async () => {
  await mesh.apply(rule({ route: [to('v1')], mirrors: [{ destination: { host: 'shop', subset: 'v2' } }] }));
  const before = mesh.backends.asked(canary);
  expect(counts(await mesh.requests(20))).toEqual({ [first]: 10, [second]: 10 });
  const all = async () => mesh.backends.asked(canary) === before + 20 || undefined;
  await poll(all, { within: 10_000, every: 10, what: 'the mirror to have all requests' });
});

test('faults, redirects and direct responses are answered without any backend', async () => {
  await mesh.apply(
    rule(
      { ...at('/fault'), fault: { abort: { httpStatus: 418, percentage: { value: 100 } } }, route: [to('v1')] },
      { ...at('/old'), redirect: { prefixRewrite: '/new', authority: 'www.example.com', redirectCode: 308 } },
      { ...at('/port'), redirect: { derivePort: 'FROM_REQUEST_PORT', uri: '/' } },
      { ...at('/closed'), directResponse: { status: 410, body: { string: 'closed' } } },
      { ...at('/nowhere'), route: [{ destination: { host: 'shop', subset: 'v3' } }] },
    ),
  );
  const asked = () => [first, second, canary].map((name) => mesh.backends.asked(name));
  const before = asked();
  expect((await ask(mesh, '/fault')).status).toBe(418);
  expect(await ask(mesh, '/old/path')).toMatchObject({
    status: 308,
    headers: { location: 'http://www.example.com/new/path' },
  });
  expect((await ask(mesh, '/port')).headers.location).toBe('http://shop:80/');
  expect(await ask(mesh, '/closed')).toMatchObject({ status: 410, body: 'closed' });
  expect((await ask(mesh, '/nowhere')).status).toBe(503);
  expect((await ask(mesh, '/unknown')).status).toBe(404);
  expect(asked()).toEqual(before);
});

test('a request is rewritten on its way there, and its answer on the way back', async () => {
  mesh.backends.behave(canary, { headers: { 'x-old': 'gone', 'x-kept': 'yes' } });
  const response = { set: { 'x-version': 'v2' }, remove: ['x-old'] };
  await mesh.apply(rule({ headers: { response }, route: [to('v2')] }));
  const { headers } = await ask(mesh, '/');
  expect(headers).toMatchObject({ 'x-version': 'v2', 'x-kept': 'yes' });
  expect(headers).not.toHaveProperty('x-old');
});

test('what is slower than the timeout is given up', async () => {
  mesh.backends.behave(canary, { slowness: 5000 });
  await mesh.apply(rule({ timeout: '0.2s', route: [to('v2')] }));
  expect((await ask(mesh, '/')).status).toBe(504);
  mesh.backends.behave(canary, { slowness: 0 });
});

// 20 users, twice: without keys that decide the share all would be served by the same version with less than 1e-6.
test('a sticky canary keeps every user with the version that served it first', async () => {
  const text = String(rule({ route: [to('v1', 50), to('v2', 50)] })['routes.yaml']);
  const sticky = text.replace('  name: shop\n', '  name: shop\n  annotations: {sluice.dev/sticky-canary: "true"}\n');
  const hashed = String(versionsOfShop['subsets.yaml']).replace(
    'simple: ROUND_ROBIN',
    'consistentHash: {httpHeaderName: x-user}',
  );
  await mesh.apply({ 'routes.yaml': sticky, 'subsets.yaml': hashed });
  const calls = Array.from({ length: 40 }, (_, user) => ({ path: '/', headers: { 'x-user': `user-${user}` } }));
  const homes = await mesh.requests(calls);
  expect(await mesh.requests(calls)).toEqual(homes);
  expect(homes).toContain(canary);
  expect(homes.some((home) => home !== canary)).toBe(true);
});
