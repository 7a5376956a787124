// Retries that a VirtualService asks for, counted at the backend.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../src/lib/json.ts';
import { TestMesh } from '../harness/mesh.ts';
import { ask, canary, rule, to, versionsOfShop } from '../harness/versions.ts';

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await TestMesh.start({ ...versionsOfShop, ...rule({ route: [to('v1')] }) }, { retries: true });
});
afterAll(() => mesh.close());

const attempts = async (retries: JsonObject): Promise<number> => {
  await mesh.apply(rule({ ...(Object.keys(retries).length > 0 && { retries }), route: [to('v2')] }));
  const before = mesh.backends.asked(canary);
  expect((await ask(mesh, '/')).status).toBe(502);
  return mesh.backends.asked(canary) - before;
};

test('as often as the rule says, for the answers that it names', async () => {
  mesh.backends.behave(canary, { status: 502 });
  const backoff = '1ms';
  expect(await attempts({ attempts: 3, retryOn: 'gateway-error', backoff })).toBe(4);
  expect(await attempts({ attempts: 2, retryOn: '502', backoff })).toBe(3);
  expect(await attempts({ attempts: 3, retryOn: '503', backoff })).toBe(1);
  expect(await attempts({ attempts: 0 })).toBe(1);
  expect(await attempts({})).toBe(1);
  expect(mesh.refusals).toEqual([]);
});
