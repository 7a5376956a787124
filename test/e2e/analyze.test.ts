// What `sluice analyze` says of a rule is what a real Envoy does with it.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { keyedCall } from '../../src/cli/demo/keys.ts';
import { plainCall, send } from '../../src/cli/demo/traffic.ts';
import { analyze } from '../../src/inspect/analyze/analyze.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { readOnce } from '../../src/sources/files.ts';
import { Translator } from '../../src/translate/translator.ts';
import { counts, TestMesh } from '../harness/mesh.ts';
import { addresses, backend, policyYaml, shop } from '../harness/shop.ts';

const hosts = addresses(3);
const names = hosts.map(backend);
const files = shop(hosts, { simple: 'ROUND_ROBIN' });
let mesh: TestMesh;

beforeAll(async () => {
  mesh = await TestMesh.start(files);
});
afterEach(() => mesh.check());
afterAll(() => mesh.close());

/** Puts a policy in force, and gives the codes of what is found wrong with it. */
async function apply(policy: JsonObject): Promise<readonly string[]> {
  const rule = { 'rule.yaml': policyYaml(policy) };
  await mesh.apply(rule);
  const texts = Object.entries({ ...files, ...rule }).map(([name, text]) => ({ name, text: text ?? '' }));
  const { objects } = await readOnce([], { texts });
  const { value: resolved } = new Translator({ allowLoopbackEndpoints: true }).resolve(objects);
  return analyze(objects, resolved).map(({ code }) => code);
}

test('a percentage that no endpoint fits into ejects none; the least that the message names ejects one', async () => {
  const [bad = ''] = names;
  mesh.backends.behave(bad, { status: 500 });
  const ejections = async (maxEjectionPercent: number) => {
    const detection = { consecutive5xxErrors: 2, interval: '1h', baseEjectionTime: '1h', maxEjectionPercent };
    const codes = await apply({ loadBalancer: { simple: 'ROUND_ROBIN' }, outlierDetection: detection });
    const client = mesh.client();
    const calls = Array.from({ length: 30 }, () => plainCall);
    const failed = (await send(client, calls, 1)).filter(({ kind }) => kind === 'failed').length;
    client.close();
    return { codes, failed };
  };
  expect(await ejections(33)).toEqual({ codes: ['SLC0603'], failed: 10 });
  expect(await ejections(34)).toEqual({ codes: [], failed: 2 });
  mesh.backends.behave(bad, { status: 200 });
});

test('a table with fewer places than endpoints leaves one out; ten places each reach all', async () => {
  const calls = Array.from({ length: 200 }, (_, user) => keyedCall({ kind: 'header', name: 'x-user' }, `user-${user}`));
  const reached = async (tableSize: number) => {
    const hash = { httpHeaderName: 'x-user', maglev: { tableSize } };
    const codes = await apply({ loadBalancer: { consistentHash: hash } });
    return { codes, backends: Object.keys(counts(await mesh.requests(calls, { atOnce: 8 }))).length };
  };
  expect(await reached(2)).toEqual({ codes: ['SLC0602'], backends: 2 });
  expect(await reached(31)).toEqual({ codes: [], backends: 3 });
});
