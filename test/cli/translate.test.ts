// `sluice translate`: the configuration of a proxy, as data.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { documents, pod, rule, service, slice } from './input.ts';
import { folder, sluice } from './sluice.ts';

interface Lists {
  readonly clusters: readonly { readonly name: string; readonly lb_policy?: string }[];
  readonly endpoints: readonly { readonly cluster_name: string }[];
  readonly listeners: readonly { readonly name: string }[];
  readonly routes: readonly { readonly name: string }[];
  readonly secrets: readonly unknown[];
}

const input = documents(service, slice, rule('RANDOM'), pod);
const cluster = 'outbound|80||reviews.default.svc.cluster.local';

async function translated(args: readonly string[], stdin = input): Promise<Lists> {
  const { stdout } = await sluice(['translate', '-f', '-', '-o', 'json', ...args], { stdin });
  return JSON.parse(stdout) as Lists;
}

describe('-o json', () => {
  test('has the five lists, each sorted by name, in the JSON of Envoy', async () => {
    const lists = await translated([]);
    expect(Object.keys(lists)).toEqual(['clusters', 'endpoints', 'listeners', 'routes', 'secrets']);
    for (const list of [lists.clusters, lists.listeners, lists.routes]) {
      const names = list.map(({ name }) => name);
      expect(names).toEqual(names.toSorted());
    }
    expect(lists.clusters.find(({ name }) => name === cluster)?.lb_policy).toBe('RANDOM');
    expect(lists.endpoints.map((each) => each.cluster_name)).toContain(cluster);
    expect(lists.listeners.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['virtualInbound', 'virtualOutbound']),
    );
  });

  test('keeps its shape with --type', async () => {
    const { clusters, endpoints, listeners, routes, secrets } = await translated(['--type', 'cluster,route']);
    expect(clusters.length).toBeGreaterThan(0);
    expect(routes.length).toBeGreaterThan(0);
    expect({ endpoints, listeners, secrets }).toEqual({ endpoints: [], listeners: [], secrets: [] });
  });

  test('is the same for the same objects in another order and layout', async () => {
    const other = documents(rule('RANDOM'), pod, slice, service.replaceAll(': ', ':   '));
    expect(await translated([], other)).toEqual(await translated([]));
  });
});

test('-o yaml holds the same', async () => {
  const { stdout } = await sluice(['translate', '-f', '-', '-o', 'yaml', '--type', 'cluster'], { stdin: input });
  expect(stdout).toContain(`  - name: ${cluster}\n`);
  expect(stdout).toMatch(/^endpoints: \[\]$/m);
});

test('the table shows where a VirtualService sends requests', async () => {
  const routes = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - match: [{uri: {exact: /old}, headers: {x-user: {}}, queryParams: {beta: {}}}]
    redirect: {uri: /new}
  - route:
    - {destination: {host: reviews}, weight: 3}
    - {destination: {host: reviews, subset: v9}, weight: 0}
    - {destination: {host: reviews}, weight: 1}
`;
  const { stdout } = await sluice(['translate', '-f', '-', '--type', 'route'], {
    stdin: documents(service, slice, routes),
  });
  expect(stdout).toMatch(/ {3}\/old, x-user, \?beta {3}.*redirects MOVED_PERMANENTLY/);
  expect(stdout).toContain(`3 ${cluster}, 1 ${cluster}`);
});

test('the table shows what is asked most', async () => {
  const { stdout } = await sluice(['translate', '-f', '-'], { stdin: input });
  const rows = stdout.split('\n').map((line) => line.split(/ {3,}/));
  expect(rows).toContainEqual(['SERVICE FQDN', 'PORT', 'SUBSET', 'DIRECTION', 'TYPE', 'LB POLICY', 'RULE']);
  expect(rows).toContainEqual([
    'reviews.default.svc.cluster.local',
    '80',
    '-',
    'outbound',
    'EDS',
    'RANDOM',
    'default/reviews',
  ]);
  expect(rows).toContainEqual(['10.0.0.2:8080', 'HEALTHY', '1', '0', '-', cluster]);
  expect(rows).toContainEqual(expect.arrayContaining(['virtualOutbound', '0.0.0.0:15001']));
  expect(rows).toContainEqual(expect.arrayContaining(['reviews.default.svc.cluster.local:80', '/*', cluster]));
});

describe('--proxy', () => {
  test('is the sidecar of that Pod, with its inbound side', async () => {
    const { clusters } = await translated(['--proxy', 'reviews-1.default', '--type', 'cluster']);
    expect(clusters.map(({ name }) => name)).toContain('inbound|8080||');
  });

  test('names near ones if there is none of that name', async () => {
    const { status, stdout, stderr } = await sluice(['translate', '-f', '-', '--proxy', 'reviews.default'], {
      stdin: input,
    });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toBe(
      'sluice: there is no Pod reviews.default in the input, written as POD.NAMESPACE; did you mean "reviews-1.default"?\n',
    );
  });
});

test('--node is told to be of a later version', async () => {
  const { status, stderr } = await sluice(['translate', '-f', '-', '--node', 'x'], { stdin: input });
  expect(status).toBe(2);
  expect(stderr).toContain('--node is not there yet');
});

describe('--gateway', () => {
  const servers = [{ port: { number: 8080, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }];
  const gateway = JSON.stringify({
    apiVersion: 'networking.istio.io/v1',
    kind: 'Gateway',
    metadata: { name: 'edge' },
    spec: { selector: { istio: 'edge' }, servers },
  });

  test('prints what a gateway listens for, by the labels that Gateways select it by', async () => {
    const { listeners } = await translated(['--gateway', 'edge.default', '--labels', 'istio=edge,x=y'], gateway);
    expect(listeners.map(({ name }) => name)).toEqual(['0.0.0.0_8080']);
    const others = await translated(['--gateway', 'edge.default', '--labels', 'istio=other'], gateway);
    expect(others.listeners).toEqual([]);
  });

  test.each([
    [['--gateway', 'edge'], '"edge" is not NAME.NAMESPACE'],
    [['--gateway', 'edge.default', '--labels', 'istio'], '"istio" is not written as key=value'],
    [['--labels', 'istio=edge'], '--labels are those of a --gateway'],
  ])('%j is wrong usage', async (args, message) => {
    const { status, stderr } = await sluice(['translate', '-f', '-', ...args], { stdin: gateway });
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('diagnostics', () => {
  test('go to standard error with status 1, and what is good is printed all the same', async () => {
    const file = join(folder({ 'all.yaml': documents(service, slice, rule('RANDM')) }), 'all.yaml');
    const { status, stdout, stderr } = await sluice(['translate', '-f', file, '-o', 'json']);
    expect(status).toBe(1);
    expect((JSON.parse(stdout) as Lists).clusters.map(({ name }) => name)).toContain(cluster);
    expect(stderr).toContain(`error SLC0103 ${file}:`);
    expect(stderr).toMatch(/^1 error$/m);
  });

  test('refuse loopback endpoints, but not with --allow-loopback-endpoints', async () => {
    const stdin = documents(service, slice.replace('10.0.0.1', '127.0.0.11'));
    const refused = await sluice(['translate', '-f', '-'], { stdin });
    const allowed = await sluice(['translate', '-f', '-', '--allow-loopback-endpoints'], { stdin });
    expect([refused.status, allowed.status]).toEqual([1, 0]);
    expect(refused.stderr).toContain('SLC0301');
    expect(allowed.stdout).toContain('127.0.0.11:8080');
  });
});

test('-n is the namespace that the sidecar is in', async () => {
  const domains = async (namespace: string): Promise<string> =>
    JSON.stringify((await translated(['-n', namespace, '--type', 'route'])).routes);
  expect(await domains('default')).toContain('"reviews.default","reviews"]');
  expect(await domains('shop')).toContain('"reviews.default"]');
});

test('--generator grpc shows what a gRPC client gets', async () => {
  const { listeners, clusters } = await translated(['--generator', 'grpc']);
  expect(listeners.map(({ name }) => name)).toEqual([
    'reviews.default.svc.cluster.local:80',
    'reviews.default.svc:80',
    'reviews.default:80',
    'reviews:80',
  ]);
  expect(clusters.map(({ lb_policy }) => lb_policy)).toEqual(['ROUND_ROBIN']);
  const { stdout, stderr } = await sluice(['translate', '-f', '-', '--generator', 'grpc'], { stdin: input });
  expect(stdout).toMatch(/^reviews:80 +- +ALL +Route: reviews\.default\.svc\.cluster\.local:80$/m);
  expect(stderr).toContain('SLC0403');
});
