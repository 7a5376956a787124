// `sluice config`: a proxy's configuration from the control plane, from its Envoy and from a file.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeMessage, encodeMessage } from '../../src/envoy/protojson.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { answering, escapes, json, steering } from './hostile-server.ts';
import { documents, rule, service, slice } from './input.ts';
import { serveEnvoy } from './proxied.ts';
import { folder, serve, sluice } from './sluice.ts';

const input = documents(service, slice, rule('RANDOM'));
const cluster = 'outbound|80||reviews.default.svc.cluster.local';

interface Lists {
  readonly bootstrap: { readonly node: { readonly id: string } } | null;
  readonly clusters: readonly (JsonObject & { readonly name: string })[];
  readonly endpoints: readonly { readonly cluster_name: string }[];
  readonly listeners: readonly { readonly name: string }[];
  readonly routes: readonly (JsonObject & { readonly name: string })[];
  readonly secrets: readonly unknown[];
}

async function lists(...args: readonly string[]): Promise<Lists> {
  const { status, stdout, stderr } = await sluice(['config', ...args, '-o', 'json']);
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Lists;
}

/** As protobuf reads them: defaults may be written or not, numbers may be texts. */
function asMessages(type: string, list: readonly JsonObject[]): readonly JsonObject[] {
  return list.map(({ '@type': _, ...json }) => decodeMessage(type, encodeMessage(type, json)));
}

const names = (list: readonly { readonly name: string }[]): readonly string[] => list.map(({ name }) => name);

test('is the same from the control plane, from Envoy and from a dump of it', async () => {
  const { server, envoy } = await serveEnvoy(folder({ 'all.yaml': input }));
  const admin = ['--live', '--admin', `${envoy.admin.address.host}:${envoy.admin.address.port}`];
  const sent = await lists('all', 'web-1.shop', ...server);
  expect(sent.bootstrap).toBeNull();
  for (const pod of ['web-1', 'web-1.shop']) expect(await lists('all', pod, '-n', 'shop', ...server)).toEqual(sent);
  expect(names(sent.clusters)).toEqual(['BlackHoleCluster', cluster]);
  expect(sent.endpoints.map((each) => each.cluster_name)).toEqual([cluster]);
  expect(names(sent.routes)).toEqual(['80']);

  const live = await lists('all', 'web-1.shop', ...admin);
  expect(live.bootstrap?.node.id).toBe('sidecar~127.0.0.1~web-1.shop~shop.svc.cluster.local');
  expect(names(live.clusters)).toEqual(['BlackHoleCluster', cluster, 'xds-grpc']);
  const clusters = (list: Lists['clusters']) => asMessages('envoy.config.cluster.v3.Cluster', list);
  expect(clusters(live.clusters.slice(0, 2))).toEqual(clusters(sent.clusters));
  expect(names(live.listeners)).toEqual(names(sent.listeners));
  const routes = (list: Lists['routes']) => asMessages('envoy.config.route.v3.RouteConfiguration', list);
  expect(routes(live.routes)).toEqual(routes(sent.routes));

  const dump = await envoy.admin.page('/config_dump?include_eds');
  const file = join(folder({}), 'dump.json');
  writeFileSync(file, dump.text);
  expect(await lists('all', '--file', file)).toEqual(live);
  const piped = await sluice(['pc', 'cluster', '--file', '-', '--name', 'reviews'], { stdin: dump.text });
  expect(piped.stdout.split('\n').map((line) => line.split(/ {3,}/))).toEqual([
    ['SERVICE FQDN', 'PORT', 'SUBSET', 'DIRECTION', 'TYPE', 'LB POLICY', 'RULE'],
    ['reviews.default.svc.cluster.local', '80', '-', 'outbound', 'EDS', 'RANDOM', 'default/reviews'],
    [''],
  ]);
  const { stdout } = await sluice(['config', 'bootstrap', ...admin]);
  expect(stdout).toMatch(/^xDS +DELTA_GRPC$/m);

  const other = await sluice(['config', 'all', 'web-2.shop', ...admin]);
  expect([other.status, other.stderr]).toEqual([
    2,
    expect.stringContaining('that Envoy is sidecar~127.0.0.1~web-1.shop'),
  ]);
  const typo = await sluice(['config', 'all', 'web.shop', ...server]);
  expect([typo.status, typo.stderr]).toEqual([2, expect.stringContaining('did you mean "web-1.shop"?')]);
});

const canary = 'CANARY-SECRET';
const hostile = {
  configs: [
    { '@type': 'type.googleapis.com/envoy.admin.v3.BootstrapConfigDump', bootstrap: { node: { id: escapes } } },
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.ClustersConfigDump',
      static_clusters: [
        {
          cluster: {
            name: `c${escapes}`,
            metadata: { filter_metadata: { 'sluice.dev': { objects: [{ kind: 'DestinationRule', name: escapes }] } } },
          },
        },
        null,
        { cluster: 7 },
      ],
      dynamic_warming_clusters: [{ cluster: { name: escapes } }],
    },
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.SecretsConfigDump',
      static_secrets: [
        {
          name: 'own',
          secret: {
            name: 'own',
            tls_certificate: {
              certificate_chain: { inline_string: 'public' },
              private_key: { inline_string: canary },
              password: { inline_bytes: canary },
            },
          },
        },
        { secret: { name: 'token', generic_secret: { secret: { inline_string: canary } } } },
        {
          secret: { name: 'tickets', session_ticket_keys: { keys: [{ inline_bytes: canary }, { filename: '/keys' }] } },
        },
      ],
    },
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.RoutesConfigDump',
      static_route_configs: [
        {
          route_config: {
            name: 'r',
            request_headers_to_add: [{ header: { key: 'Authorization', value: `Bearer ${canary}` } }],
          },
        },
      ],
    },
  ],
};

describe('S-49: a hostile Envoy', () => {
  test.each(['table', 'json', 'yaml'])('steers no terminal with -o %s', async (format) => {
    const admin = (await answering(json(hostile))).replace('http://', '');
    const { status, stdout, stderr } = await sluice(['config', 'all', '--live', '--admin', admin, '-o', format]);
    expect(status).toBe(0);
    expect(stdout).toContain('own');
    expect(stderr).toContain('not in force yet');
    expect(stdout + stderr).not.toMatch(steering);
  });

  test.each([
    ['no dump', '{"configs": []}', 'no config dump of an Envoy'],
    ['no JSON', '{"configs": [', 'is not JSON'],
    ['lists inside each other', '['.repeat(1_000_000), 'is not JSON'],
  ])('%s in a file is one line', async (_, text, message) => {
    const { status, stderr } = await sluice(['config', 'all', '--file', '-'], { stdin: text });
    expect([status, stderr.split('\n').length]).toEqual([2, 2]);
    expect(stderr).toContain(message);
  });

  test('values inside each other without end are cut', async () => {
    const deep = `{"configs": [{"bootstrap": ${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}]}`;
    const { status, stdout } = await sluice(['config', 'all', '--file', '-', '-o', 'json'], { stdin: deep });
    expect(status).toBe(0);
    expect(stdout).toContain('[redacted]');
  });
});

test('S-43: private keys, tokens and passwords are not shown', async () => {
  const stdin = JSON.stringify(hostile);
  for (const format of ['json', 'yaml', 'table']) {
    const { stdout, stderr } = await sluice(['config', 'all', '--file', '-', '-o', format], { stdin });
    expect(stdout + stderr).not.toContain(canary);
  }
  const { stdout } = await sluice(['config', 'secret', '--file', '-', '-o', 'json'], { stdin });
  const { secrets } = JSON.parse(stdout) as Lists;
  expect(secrets).toMatchObject([
    {
      name: 'own',
      tls_certificate: { certificate_chain: { inline_string: 'public' }, private_key: { inline_string: '[redacted]' } },
    },
    { name: 'tickets', session_ticket_keys: { keys: [{ inline_bytes: 'W3JlZGFjdGVkXQ==' }, { filename: '/keys' }] } },
    { name: 'token', generic_secret: { secret: { inline_string: '[redacted]' } } },
  ]);
});

describe('wrong usage says what was meant and ends with status 2', () => {
  test.each([
    ['no proxy', ['cluster'], 'name the proxy as POD.NAMESPACE, or add --live or --file'],
    ['a bootstrap from the control plane', ['bootstrap', 'web-1.shop'], 'add --live or --file'],
    ['an unknown type', ['clusters', 'web-1.shop'], 'Allowed choices are all, bootstrap, cluster'],
    ['two sources', ['all', '--live', '--file', 'x'], "option '--live' cannot be used with option '--file"],
    ['a folder for a file', ['all', '--file', '.'], 'cannot read .: it is a folder'],
    ['a file that is not there', ['all', '--file', 'no-such-file'], 'cannot read no-such-file: there is no such file'],
  ])('%s', async (_, args, message) => {
    const { status, stdout, stderr } = await sluice(['config', ...args]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});

test('S-49: a dump of very many clusters is a long table', async () => {
  const clusters = Array.from({ length: 200_000 }, (_, number) => ({ cluster: { name: `c${number}` } }));
  const dump = {
    configs: [{ '@type': 'type.googleapis.com/envoy.admin.v3.ClustersConfigDump', dynamic_active_clusters: clusters }],
  };
  const { status, stdout } = await sluice(['pc', 'cluster', '--file', '-'], { stdin: JSON.stringify(dump) });
  expect([status, stdout.split('\n').length]).toEqual([0, clusters.length + 2]);
});

test('a control plane without proxies says so', async () => {
  const serving = await serve(['--config', folder({ 'all.yaml': input })]);
  const { status, stderr } = await sluice(['config', 'all', 'web-1.shop', '--server', `http://${serving.http}`]);
  expect([status, stderr]).toEqual([2, 'sluice: no proxy web-1.shop is connected: none is at all\n']);
});
