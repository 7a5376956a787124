// Every folder with an input.yaml is a case: what it translates to is in output.yaml, what is said of it in
// diagnostics.txt. `make golden` writes both anew.
//
// Comments on top of an input say what of the output the case is about:
//   # with: shop                files of ../shared that are there too (default: none)
//   # show: cluster, route 80   kinds, or single resources, that are printed; `nothing` prints none; or a summary:
//                               `cluster-options` the HTTP versions, `blocks` of the clusters what rules can change
//                               besides balancing, `offers` what they offer for requests over mutual TLS, `lb` the
//                               clusters' policies, `hash` the routes' hash policies, `rules PORT` the routes that
//                               VirtualServices make, without what stands in all of them, `chains NAME` a listener's
//                               filter chains, `guards NAME` who may do what there, `inspectors NAME` what looks into its connections first, `targets` where
//                               API listeners lead, `localities` which endpoints come first, `names` what there is,
//                               `managers NAME` what a listener does with HTTP, `fallbacks` where what no service takes
//                               is sent, `stat-names` what clusters are counted under, `inbound` those of the workload
//   # namespace: other          the client's namespace
//   # interception: NONE        how the client's connections reach its sidecar
//   # generator: grpc           the client is a gRPC client that is its own proxy
//   # offset: 20000            the client's PORT_OFFSET
//   # proxy: NAME.NAMESPACE     the client is this Pod's sidecar
//   # gateway: NAME.NAMESPACE   it is a gateway of this name, in place of a client
//   # labels: KEY=VALUE,…       of that gateway, where no Pod has its name
//   # certificates: files       the client has its certificates from files, not from the agent beside it; or `none`
//   # self-discovery: true      the client's Envoy wants to know where others of its own service are
//   # loopback: refused         as without --allow-loopback-endpoints
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { describePlace, locateDiagnostics } from '../../src/cli/diagnostics.ts';
import { gatewayOf } from '../../src/cli/translate/proxy.ts';
import { proxyNode } from '../../src/envoy/node.ts';
import type { XdsResource } from '../../src/envoy/resource.ts';
import { resourceKinds } from '../../src/envoy/types.ts';
import type { JsonObject, JsonValue } from '../../src/lib/json.ts';
import type { Mesh } from '../../src/model/mesh.ts';
import {
  type Certificates,
  type Generator,
  type Interception,
  noCertificate,
  type ProxyNode,
  sdsCertificates,
} from '../../src/model/proxy.ts';
import { readOnce } from '../../src/sources/files.ts';
import type { Resources } from '../../src/translate/emit/resources.ts';
import { usualRetries } from '../../src/translate/emit/retry-policy.ts';
import { Translator } from '../../src/translate/translator.ts';
import { compare } from './compare.ts';
import { apiTarget, chains, guards, listenerFilters, offers } from './connection-summaries.ts';
import { sidecarSummaries, usualFields } from './summaries.ts';

const root = import.meta.dirname;

interface Options {
  readonly with: readonly string[];
  readonly show: readonly string[];
  readonly namespace: string;
  readonly interception: Interception;
  readonly generator: Generator;
  readonly proxy: string | null;
  readonly gateway: string | null;
  readonly labels: string;
  readonly portOffset: number;
  readonly certificates: Certificates;
  readonly selfDiscovery: boolean;
  readonly allowLoopbackEndpoints: boolean;
}

const noCertificates: Certificates = { client: noCertificate, server: noCertificate };
/** As a proxy names them in its metadata. */
const fileCertificates: Certificates = {
  client: { kind: 'files', chain: '/certs/client.pem', key: '/certs/client.key', root: '/certs/client-root.pem' },
  server: { kind: 'files', chain: '/certs/server.pem', key: '/certs/server.key', root: '/certs/server-root.pem' },
};

const certificates: Readonly<Record<string, Certificates>> = {
  sds: sdsCertificates,
  files: fileCertificates,
  none: noCertificates,
};

function optionsOf(text: string): Options {
  const given = new Map(
    text
      .split('\n')
      .filter((line) => line.startsWith('# ') && line.includes(':'))
      .map((line) => [line.slice(2, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const),
  );
  const words = (key: string): string[] =>
    (given.get(key) ?? '')
      .split(',')
      .map((word) => word.trim())
      .filter(Boolean);
  return {
    with: words('with'),
    show: words('show'),
    namespace: given.get('namespace') ?? 'default',
    interception: (given.get('interception') ?? 'REDIRECT') as Interception,
    generator: (given.get('generator') ?? 'envoy') as Generator,
    proxy: given.get('proxy') ?? null,
    gateway: given.get('gateway') ?? null,
    labels: given.get('labels') ?? '',
    portOffset: Number(given.get('offset') ?? 0),
    certificates: certificates[given.get('certificates') ?? 'sds'] ?? sdsCertificates,
    selfDiscovery: given.get('self-discovery') === 'true',
    allowLoopbackEndpoints: given.get('loopback') !== 'refused',
  };
}

function nodeOf(options: Options, mesh: Mesh): ProxyNode {
  const { proxy, namespace, generator, interception, portOffset, selfDiscovery } = options;
  const { gateway, labels } = options;
  if (gateway !== null) return { ...gatewayOf(mesh, gateway, labels), portOffset, certificates: options.certificates };
  if (proxy === null) {
    return proxyNode({
      namespace,
      generator,
      interception,
      portOffset,
      selfDiscovery,
      certificates: options.certificates,
    });
  }
  const workload = mesh.workloads.get(proxy);
  if (workload === undefined) throw new Error(`there is no Pod ${proxy}`);
  return proxyNode({
    name: workload.name,
    namespace: workload.namespace,
    ip: workload.addresses[0] ?? '',
    generator,
    interception,
    certificates: options.certificates,
    selfDiscovery,
  });
}

const special = /^(BlackHole|Passthrough|InboundPassthrough)Cluster$/;

function isShown(show: readonly string[], { kind, name }: XdsResource): boolean {
  return show.includes(`${kind} ${name}`) || (show.includes(kind) && !special.test(name));
}

const otherFields = ['alt_stat_name', 'type', 'eds_cluster_config', 'lb_policy', 'metadata'];

/** Of a cluster what is not as everywhere, and has nothing to do with balancing. */
function blocks({ json }: XdsResource): JsonObject {
  const unusual = ([key, value]: [string, JsonValue]): boolean =>
    !otherFields.includes(key) && JSON.stringify(value) !== usualFields[key];
  return Object.fromEntries(Object.entries(json).filter(unusual));
}

/** Of every cluster what its protocol decides. */
function clusterOptions({ name, json }: XdsResource): JsonObject {
  const options = json['typed_extension_protocol_options'] as JsonObject | undefined;
  return { name, options: Object.values(options ?? {})[0] ?? null };
}

interface RouteJson {
  readonly virtual_hosts: readonly {
    readonly name: string;
    readonly routes: readonly { readonly route?: JsonObject }[];
  }[];
}

interface LocalityJson {
  readonly locality: Readonly<Record<'region' | 'zone' | 'sub_zone', string | undefined>>;
  readonly lb_endpoints?: readonly {
    readonly endpoint: { readonly address: { readonly socket_address: { readonly address: string } } };
  }[];
  readonly load_balancing_weight: number;
  readonly priority?: number;
}

/** Of a load assignment where its endpoints are, and which of them come first. */
function localities({ name, json }: XdsResource): JsonObject {
  const groups = json['endpoints'] as unknown as readonly LocalityJson[];
  const lines = groups.map(({ locality, lb_endpoints = [], load_balancing_weight, priority = 0 }) => {
    const place = [locality.region, locality.zone, locality.sub_zone].filter((part) => part !== undefined).join('/');
    const who = lb_endpoints.map(({ endpoint }) => endpoint.address.socket_address.address).join(' ') || 'nobody';
    return `priority ${priority}, weight ${load_balancing_weight}, ${place || 'nowhere'}: ${who}`;
  });
  return { name, localities: lines };
}

/** What each virtual host hashes. */
function hashPolicies({ json }: XdsResource): JsonObject[] {
  return (json as unknown as RouteJson).virtual_hosts
    .filter(({ name }) => name.includes(':'))
    .map(({ name, routes }) => ({ name, hash_policy: routes[0]?.route?.['hash_policy'] ?? null }));
}

interface RuledRoute extends JsonObject {
  readonly match: JsonObject;
}

/** Whether a field says what it says everywhere. */
const usual: Readonly<Record<string, string>> = {
  timeout: '"0s"',
  max_stream_duration: '{"grpc_timeout_header_max":"0s"}',
  retry_policy: JSON.stringify(usualRetries),
  case_sensitive: 'true',
};

function withoutUsual(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([key, value]) => JSON.stringify(value) !== usual[key]));
}

function ruledRoute({ metadata: _metadata, decorator: _decorator, match, route, ...others }: RuledRoute): JsonObject {
  const action = route === undefined ? {} : { route: withoutUsual(route as JsonObject) };
  return { ...others, match: withoutUsual(match), ...action };
}

/** Of a route configuration the virtual hosts that rules speak of. */
function rules({ json }: XdsResource): JsonObject[] {
  const hosts = json['virtual_hosts'] as unknown as { name: string; domains: string[]; routes: RuledRoute[] }[];
  return hosts
    .filter(({ routes }) => routes.some((route) => JSON.stringify(route['metadata'] ?? {}).includes('virtual-service')))
    .map(({ name, routes }) => ({ name, routes: routes.map(ruledRoute) }));
}

function summaries(resources: Resources, show: readonly string[]): JsonObject[] {
  const clusters = [...resources.cluster.values()].filter(({ name }) => !special.test(name));
  const listeners = (word: string): XdsResource[] =>
    [...resources.listener.values()].filter(({ name }) => show.includes(`${word} ${name}`));
  return [
    ...(show.includes('cluster-options') ? clusters.map(clusterOptions) : []),
    ...(show.includes('blocks') ? clusters.map(blocks) : []),
    ...(show.includes('offers') ? clusters.map(offers) : []),
    ...(show.includes('lb') ? clusters.map(({ name, json }) => ({ name, lb_policy: json['lb_policy'] ?? '' })) : []),
    ...(show.includes('localities') ? [...resources.endpoint.values()].map(localities) : []),
    ...(show.includes('hash') ? [...resources.route.values()].flatMap(hashPolicies) : []),
    ...[...resources.route.values()].filter(({ name }) => show.includes(`rules ${name}`)).flatMap(rules),
    ...sidecarSummaries(resources, show),
    ...(show.includes('targets') ? [...resources.listener.values()].map(apiTarget) : []),
    ...listeners('inspectors').flatMap(listenerFilters),
    ...listeners('chains').flatMap(chains),
    ...listeners('guards').flatMap(guards),
  ];
}

function printed(resources: Resources, show: readonly string[]): string {
  const shown = resourceKinds.flatMap((kind) =>
    [...resources[kind].values()].filter((each) => isShown(show, each)).map(({ json }) => json),
  );
  return [...shown, ...summaries(resources, show)]
    .map((json) => stringify(json, { aliasDuplicateObjects: false, lineWidth: 0 }))
    .join('---\n');
}

async function translate(folder: string, options: Options): Promise<{ output: string; diagnostics: string }> {
  const files = ['input.yaml', ...options.with.map((name) => join(relative(folder, root), 'shared', `${name}.yaml`))];
  const { objects, diagnostics: read } = await readOnce(files.map((file) => join(folder, file)));
  const translator = new Translator(options);
  const { value: mesh, diagnostics: resolved } = translator.resolve(objects);
  const group = translator.group(mesh, nodeOf(options, mesh));
  const { value: resources, diagnostics: emitted } = translator.emit(mesh, group);
  const findings = locateDiagnostics([...read, ...resolved, ...emitted], objects);
  for (const { file, line, code } of findings)
    expect([file, line], `${code} has no place in a file`).not.toContain(null);
  const lines = findings.map((finding) => {
    const inFolder = { ...finding, file: finding.file && relative(folder, finding.file) };
    return `${finding.severity} ${describePlace(inFolder)}\n    ${finding.message.replaceAll(`${folder}/`, '')}\n`;
  });
  return { output: printed(resources, options.show), diagnostics: lines.join('') || 'nothing to say\n' };
}

describe('golden', () => {
  for (const file of globSync('**/input.yaml', { cwd: root }).sort()) {
    const name = dirname(file);
    test(name, async () => {
      const folder = join(root, name);
      const { output, diagnostics } = await translate(
        folder,
        optionsOf(readFileSync(join(folder, 'input.yaml'), 'utf8')),
      );
      compare(join(folder, 'output.yaml'), output);
      compare(join(folder, 'diagnostics.txt'), diagnostics);
      expect(output.split('\n').length, 'a case prints at most 120 lines: show less').toBeLessThanOrEqual(121);
    });
  }
});
