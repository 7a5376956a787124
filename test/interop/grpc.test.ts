// gRPC clients that are their own proxies, from two code bases: each balances by the endpoints, and follows a change.
import { afterEach, describe, expect, test } from 'vitest';
import { evenBounds, inTurns } from '../../src/cli/demo/statistics.ts';
import { counts } from '../harness/mesh.ts';
import { addresses } from '../harness/shop.ts';
import { greeterEndpoints, greeterRule, greeterService } from './greeters.ts';
import { type ClientName, clients, GrpcMesh } from './grpc-mesh.ts';

const hosts = addresses(4);
const [first = '', second = '', third = '', fourth = ''] = hosts;
const three = greeterEndpoints([[first], [second], [third]]);
const changed = greeterEndpoints([[first], [second], [fourth]]);
/** Where the client is. */
const place = `
apiVersion: v1
kind: Node
metadata: {name: near, labels: {topology.kubernetes.io/zone: a}}
---
apiVersion: v1
kind: Pod
metadata: {name: greeting}
spec: {nodeName: near}
`;
const byUser = greeterRule({ consistentHash: { httpHeaderName: 'X-User' } });
const users = Array.from({ length: 40 }, (_, index) => `user-${index}`);

let mesh: GrpcMesh | undefined;

async function start(client: ClientName, ...objects: readonly string[]): Promise<GrpcMesh> {
  mesh = await GrpcMesh.start(client, hosts, [greeterService, ...objects]);
  return mesh;
}

afterEach(async () => {
  await mesh?.close();
  mesh = undefined;
});

/** Whether these and no others answer, in exact turns. */
async function takesTurns(running: GrpcMesh, names: readonly string[]): Promise<boolean> {
  const order = await running.call(names.length * 4);
  return inTurns(order, names.length) && new Set(order).symmetricDifference(new Set(names)).size === 0;
}

/** Who answers each user, twice in a row. */
async function homes(running: GrpcMesh): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const user of users) {
    const [home = '', again] = await running.call(2, { key: user });
    expect(again, user).toBe(home);
    found.set(user, home);
  }
  return found;
}

/** By chance a policy that does not hash answers alike in (1/3)^11 of the rounds. */
async function hashes(running: GrpcMesh): Promise<boolean> {
  return new Set(await running.call(12, { key: 'user-0' })).size === 1;
}

const everyClient = describe.each(Object.keys(clients) as ClientName[]);

everyClient('%s', (client) => {
  test('takes exact turns, and follows an endpoint that is replaced', async () => {
    const running = await start(client, three);
    await running.until('turns of three', () => takesTurns(running, [first, second, third]));
    expect(counts(await running.call(90))).toEqual({ [first]: 30, [second]: 30, [third]: 30 });
    await running.apply(changed);
    await running.until('turns of the others', () => takesTurns(running, [first, second, fourth]));
    expect(counts(await running.call(90))).toEqual({ [first]: 30, [second]: 30, [fourth]: 30 });
    expect(running.diagnostics).toEqual([]);
    running.check();
  });

  test.each(['LEAST_REQUEST', 'RANDOM', 'PASSTHROUGH'])('takes turns where %s is asked for', async (simple) => {
    const running = await start(client, three, greeterRule({ simple }));
    await running.until('turns', () => takesTurns(running, [first, second, third]));
    // A later publication gathers what was said when the client came.
    await running.apply(changed);
    expect(running.diagnostics.map(({ code }) => code)).toEqual(['SLC0403']);
    running.check();
  });
});

everyClient('%s', (client) => {
  test('keeps a user on one endpoint by RING_HASH, and moves only whom it has to', async () => {
    const running = await start(client, three);
    await running.until('turns', () => takesTurns(running, [first, second, third]));
    await running.apply(byUser);
    await running.until('the same endpoint for a user', () => hashes(running));
    const before = await homes(running);
    // One of three gets no user by chance in less than 3 (2/3)^40 of the runs, and the hashes are the same in all.
    expect(new Set(before.values())).toEqual(new Set([first, second, third]));
    expect(await homes(running)).toEqual(before);
    await running.apply(changed);
    const gone = users.find((user) => before.get(user) === third) ?? '';
    await running.until('another endpoint', async () => !(await running.call(4, { key: gone })).includes(third));
    const moved = [...(await homes(running))].filter(([user, home]) => home !== before.get(user));
    expect(new Set(moved.map(([user]) => user))).toEqual(
      new Set(moved.filter(toNewcomer(before)).map(([user]) => user)),
    );
    expect(running.diagnostics).toEqual([]);
    running.check();
  });

  test('keeps all its calls on one endpoint where the source is hashed', async () => {
    const running = await start(client, three, greeterRule({ consistentHash: { useSourceIp: true } }));
    expect(Object.values(counts(await running.call(30)))).toEqual([30]);
    expect(running.diagnostics).toEqual([]);
    running.check();
  });
});

everyClient('%s', (client) => {
  test('calls its own zone first, and another one while nobody is there', async () => {
    const running = await start(client, three, place);
    await running.apply(greeterService.replace('spec:', 'spec:\n  trafficDistribution: PreferClose'));
    const [near, far] = [[first, 'a'] as const, [second, 'b'] as const];
    const answer = async (name: string) =>
      new Set(await running.call(12)).symmetricDifference(new Set([name])).size === 0;
    await running.apply(greeterEndpoints([near, far]));
    await running.until('the near zone', () => answer(first));
    await running.apply(greeterEndpoints([far]));
    await running.until('the far zone', () => answer(second));
    running.check();
  });
});

everyClient('%s', (client) => {
  // A count outside the bounds comes by chance in 1e-9 of the runs. Zones of equal weight would give the lonely one half.
  test('gives each endpoint its share, however they lie in zones', async () => {
    const running = await start(
      client,
      greeterEndpoints([
        [first, 'a'],
        [second, 'b'],
        [third, 'b'],
      ]),
    );
    await running.until('all three', async () => new Set(await running.call(60)).size === 3);
    const { least, most } = evenBounds(600, 3, 1e-9);
    expect(most).toBeLessThan(300);
    for (const count of Object.values(counts(await running.call(600)))) {
      expect(count).toBeGreaterThanOrEqual(least);
      expect(count).toBeLessThanOrEqual(most);
    }
    running.check();
  });

  test('finds the service by its short names', async () => {
    const running = await start(client, three);
    for (const target of ['greeter:8080', 'greeter.default:8080', 'greeter.default.svc:8080']) {
      const [answer = ''] = await running.call(1, { target: `xds:///${target}` });
      expect(hosts, target).toContain(answer);
    }
    running.check();
  });

  test('calls on while the control plane restarts, and follows it afterwards', async () => {
    const running = await start(client, three);
    await running.until('turns', () => takesTurns(running, [first, second, third]));
    await running.restartServer();
    expect(await takesTurns(running, [first, second, third])).toBe(true);
    await running.apply(changed);
    await running.until('turns of the others', () => takesTurns(running, [first, second, fourth]));
    running.check();
  });

  test('hears at once of a service that goes', async () => {
    const running = await start(client, three);
    await running.until('turns', () => takesTurns(running, [first, second, third]));
    await running.withdraw();
    await running.until('the failure', () => isGone(running));
    running.check({ wasAway: true });
  });
});

/** That the service is not there, as gRPC says it; no call waits for its deadline. */
async function isGone(running: GrpcMesh): Promise<boolean> {
  const [answer = ''] = await running.tryCalls(1);
  expect(answer).not.toContain('DEADLINE_EXCEEDED');
  return answer.includes('UNAVAILABLE');
}

// @grpc/grpc-js-xds 1.14 takes no notice of a resource that returns as it was: its cache does not forget what is removed.
test("Python's grpcio hears of a service's return", async () => {
  const running = await start("Python's grpcio", three);
  await running.until('turns', () => takesTurns(running, [first, second, third]));
  await running.withdraw();
  await running.until('the failure', () => isGone(running));
  await running.apply(greeterService);
  await running.until('an answer', async () => hosts.includes((await running.tryCalls(1))[0] ?? ''));
  await running.until('turns again', () => takesTurns(running, [first, second, third]));
  running.check({ wasAway: true });
});

/** A user whose endpoint stays may move only to the one that joined; the others may move anywhere. */
function toNewcomer(before: ReadonlyMap<string, string>) {
  return ([user, home]: readonly [string, string]): boolean => before.get(user) === third || home === fourth;
}
