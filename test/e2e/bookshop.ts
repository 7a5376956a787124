// What examples/bookinfo-like promises, file by file: of a sidecar inside, and of the gateway at the edge.
import { expect } from 'vitest';
import { send } from '../../src/cli/demo/traffic.ts';
import { poll } from '../../src/inject/poll.ts';
import { callEdge } from '../harness/edge.ts';
import { counts, type TestMesh } from '../harness/mesh.ts';

const at = (host: number): string => `127.0.0.${host}:8080`;
const [shop, first, second, catalog, next, near, far, payments] = [11, 12, 13, 15, 16, 17, 18, 19].map(at);

const called = (mesh: TestMesh, target: string, count = 20) => mesh.requests(count, { target: `${target}:80` });

/** 30 of 300, give or take 5.2: beyond 4 and 70 lies less than one run in 1e7. */
async function canary(mesh: TestMesh): Promise<void> {
  const seen = counts(await called(mesh, 'reviews', 300));
  expect(Object.keys(seen).sort()).toEqual([first, second]);
  expect(seen[second ?? '']).toBeGreaterThan(4);
  expect(seen[second ?? '']).toBeLessThan(70);
  const chosen = Array.from({ length: 10 }, () => ({ path: '/', headers: { 'x-canary': 'always' } }));
  expect(counts(await mesh.requests(chosen, { target: 'reviews:80' }))).toEqual({ [second ?? '']: 10 });
}

async function faults(mesh: TestMesh): Promise<void> {
  await called(mesh, 'ratings');
  const client = mesh.client('ratings:80');
  const [answer] = await send(client, [{ path: '/', headers: { 'x-tester': 'yes' } }], 1);
  client.close();
  expect(answer).toMatchObject({ kind: 'failed', why: expect.stringContaining('500') });
}

async function mirror(mesh: TestMesh): Promise<void> {
  const before = mesh.backends.asked(next ?? '');
  expect(counts(await called(mesh, 'catalog'))).toEqual({ [catalog ?? '']: 20 });
  const all = async () => mesh.backends.asked(next ?? '') === before + 20 || undefined;
  await poll(all, { within: 10_000, every: 10, what: 'the next catalog to have seen all requests' });
}

/** Calls stay near; when what is near fails, it is ejected, and the other zone answers all. */
async function failover(mesh: TestMesh): Promise<void> {
  expect(counts(await called(mesh, 'stock'))).toEqual({ [near ?? '']: 20 });
  mesh.backends.behave(near ?? '', { status: 503 });
  const client = mesh.client('stock:80');
  const ejected = async () => {
    const answers = await send(client, Array(4).fill({ path: '/', headers: {} }), 1);
    return answers.every((answer) => answer.kind === 'answered' && answer.by === far) || undefined;
  };
  await poll(ejected, { within: 20_000, every: 20, what: 'the other zone to answer' });
  client.close();
  mesh.backends.behave(near ?? '', { status: 200 });
}

/** To its sidecar. */
export async function insideTheShop(mesh: TestMesh): Promise<void> {
  expect(counts(await called(mesh, 'shop'))).toEqual({ [shop ?? '']: 20 });
  await canary(mesh);
  await faults(mesh);
  await mirror(mesh);
  expect(counts(await called(mesh, 'payments.example.com'))).toEqual({ [payments ?? '']: 20 });
  await failover(mesh);
}

/** To the gateway, from outside. */
export async function atTheEdge(mesh: TestMesh): Promise<void> {
  const edge = { address: '127.0.0.1', port: 80 + mesh.portOffset };
  expect(await callEdge(edge, 'books.example.com')).toMatchObject({ status: 200, body: shop });
  expect(await callEdge(edge, 'books.example.com', '/reviews/1')).toMatchObject({ status: 200, body: first });
  expect(await callEdge(edge, 'other.example.com')).toMatchObject({ status: 404 });
}
