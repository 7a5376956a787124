// Who a proxy says it is: envoy.config.core.v3.Node, read from a client's first request. Nothing in it is trusted to be
// small, flat or true.
import { isObject, type JsonValue } from '../lib/json.ts';
import { lazy } from '../lib/memo.ts';
import { type Labels, type Locality, noLabels, nowhere } from '../model/endpoint.ts';
import { clusterDomain, defaultNamespace } from '../model/names.ts';
import {
  assumedCertificate,
  type CertificateSource,
  type Generator,
  type Interception,
  noCertificate,
  type ProxyNode,
  type Role,
  sdsCertificate,
  usualCertificates,
} from '../model/proxy.ts';
import { messageType } from './descriptors.ts';
import { readStruct } from './struct.ts';
import { partialMessage } from './wire.ts';

/** In bytes, but for `depth`: how many objects and lists may stand inside each other in metadata, and `labels`: how many. */
const limits = { id: 1 << 10, metadata: 64 << 10, text: 256, depth: 32, labels: 256 } as const;
/** Added to a port below 1024 it stays a port. */
const highestPortOffset = 64_511;
/** Of the Envoy that set-up brings. */
const pinnedEnvoyMinor = 40;

export type NodeOutcome =
  /** `identity`: what of it must not change on a stream. */
  | { readonly kind: 'node'; readonly node: ProxyNode; readonly identity: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** The fields of Node that are read; an Envoy's list of its extensions, the bulk of it, is skipped. */
interface RawNode {
  readonly id: string;
  readonly cluster: string;
  readonly metadata: Uint8Array;
  readonly locality: Uint8Array;
  readonly user_agent_build_version: Uint8Array;
}

const nodeReader = lazy(() =>
  partialMessage('envoy.config.core.v3.Node', ['id', 'cluster'], ['metadata', 'locality', 'user_agent_build_version']),
);
const versionReader = lazy(() => partialMessage('envoy.config.core.v3.BuildVersion', [], ['version']));
const localityReader = lazy(() => partialMessage('envoy.config.core.v3.Locality', ['region', 'zone', 'sub_zone']));

/** Why a node is refused; only ever caught in this file. */
class Refusal extends Error {}

/**
 * A proxy from the bytes of its Node message.
 *
 * The id says who it is: `sidecar|router~IP~NAME.NAMESPACE~DOMAIN`. Any other id that is not empty is a sidecar's in the
 * namespace that metadata NAMESPACE names, so that an Envoy with a bootstrap of its own is served too. Of the metadata
 * INTERCEPTION_MODE, PORT_OFFSET, GENERATOR, ENABLE_SELF_DISCOVERY, MESH_CERTIFICATES, TLS_CLIENT_* and TLS_SERVER_* count as well, and LABELS
 * where no Pod is known; NAMESPACE and SERVICE_ACCOUNT are kept, to be compared with a certificate.
 */
export function readNode(bytes: Uint8Array): NodeOutcome {
  try {
    const raw = decodeNode(bytes);
    return { kind: 'node', node: toProxy(raw), identity: identityOf(raw) };
  } catch (error) {
    const reason = error instanceof Refusal ? error.message : 'the node is not an envoy.config.core.v3.Node';
    return { kind: 'refused', reason };
  }
}

/** What must not change on a stream, cheap to read. Null for bytes that are no node. */
export function nodeIdentity(bytes: Uint8Array): string | null {
  try {
    return identityOf(decodeNode(bytes));
  } catch {
    return null;
  }
}

const identityOf = ({ id, cluster }: RawNode): string => JSON.stringify([id, cluster]);

/** A proxy without any wire bytes: a captured sidecar in `default`, but for what is given. */
export function proxyNode(given: Partial<ProxyNode> = {}): ProxyNode {
  const { role = 'sidecar', ip = '127.0.0.1', name = 'sluice', namespace = defaultNamespace } = given;
  return {
    id: `${role}~${ip}~${name}.${namespace}~${namespace}.svc.${clusterDomain}`,
    generator: 'envoy',
    metadataNamespace: null,
    serviceAccount: null,
    labels: noLabels,
    interception: 'REDIRECT',
    portOffset: 0,
    envoyMinor: pinnedEnvoyMinor,
    locality: nowhere,
    certificates: usualCertificates,
    selfDiscovery: false,
    ...given,
    role,
    ip,
    name,
    namespace,
  };
}

function decodeNode(bytes: Uint8Array): RawNode {
  return nodeReader().decode(bytes) as unknown as RawNode;
}

function toProxy({ id, metadata, locality, user_agent_build_version }: RawNode): ProxyNode {
  if (id === '') throw new Refusal('node.id is empty');
  if (id.includes('\ufffd')) throw new Refusal('node.id is no UTF-8');
  if (Buffer.byteLength(id) > limits.id) throw new Refusal(`node.id is longer than ${limits.id} bytes`);
  const settings = readMetadata(metadata);
  const metadataNamespace = setting(settings, 'NAMESPACE');
  return proxyNode({
    id,
    ...(readId(id) ?? { role: 'sidecar', ip: '', name: id, namespace: metadataNamespace ?? defaultNamespace }),
    generator: readGenerator(settings('GENERATOR')),
    metadataNamespace,
    serviceAccount: setting(settings, 'SERVICE_ACCOUNT'),
    labels: readLabels(settings('LABELS')),
    interception: readInterception(settings('INTERCEPTION_MODE')),
    portOffset: readPortOffset(settings('PORT_OFFSET')),
    envoyMinor: readMinor(user_agent_build_version),
    locality: readLocality(locality),
    certificates: readCertificates(settings),
    selfDiscovery: String(settings('ENABLE_SELF_DISCOVERY')) === 'true',
  });
}

const roles: readonly Role[] = ['sidecar', 'router'];

function readId(id: string): Pick<ProxyNode, 'role' | 'ip' | 'name' | 'namespace'> | null {
  const [kind, ip, workload, domain, ...rest] = id.split('~');
  const role = roles.find((known) => known === kind);
  if (role === undefined || ip === undefined || workload === undefined || domain === undefined) return null;
  const dot = workload.lastIndexOf('.');
  const [name, namespace] = [workload.slice(0, Math.max(dot, 0)), workload.slice(dot + 1)];
  return rest.length > 0 || name === '' || namespace === '' ? null : { role, ip, name, namespace };
}

type Settings = (key: string) => JsonValue | undefined;

/** A text of the metadata; null where there is none, or an empty one. */
function setting(settings: Settings, key: string): string | null {
  return shortText(`metadata ${key}`, settings(key)) || null;
}

function readMetadata(bytes: Uint8Array): Settings {
  if (bytes.length > limits.metadata) throw new Refusal(`node.metadata is larger than ${limits.metadata} bytes`);
  const metadata = readStruct(bytes, limits.depth);
  if (metadata === null) throw new Refusal(`node.metadata is nested deeper than ${limits.depth}`);
  return (key) => (Object.hasOwn(metadata, key) ? metadata[key] : undefined);
}

/** The labels that a workload says it has. */
function readLabels(value: JsonValue | undefined): Labels {
  if (value === undefined) return noLabels;
  if (!isObject(value)) throw new Refusal('metadata LABELS is no object');
  const names = Object.keys(value).sort();
  if (names.length > limits.labels) throw new Refusal(`metadata LABELS has more than ${limits.labels} labels`);
  return new Map(names.map((name) => [name, shortText('a label of metadata LABELS', value[name])] as const));
}

function shortText(what: string, value: JsonValue | undefined): string {
  if (value === undefined) return '';
  if (typeof value !== 'string' || value.length > limits.text) {
    throw new Refusal(`${what} is not a text of at most ${limits.text} characters`);
  }
  return value;
}

const generators: readonly Generator[] = ['envoy', 'grpc'];

/** A client that asks for resources nobody makes for it would wait for ever, so it is refused. */
function readGenerator(value: JsonValue | undefined): Generator {
  if (value === undefined) return 'envoy';
  const known = generators.find((generator) => generator === value);
  if (known === undefined) throw new Refusal(`metadata GENERATOR is not one of ${generators.join(', ')}`);
  return known;
}

const certificateFiles = ['CERT_CHAIN', 'KEY', 'ROOT_CERT'] as const;

const elsewhere: Readonly<Record<string, CertificateSource>> = { SDS: sdsCertificate, NONE: noCertificate };

/** Where certificates are that are not in files; as with Istio it is the agent where nothing is said. */
function readElsewhere(value: JsonValue | undefined, side: 'CLIENT' | 'SERVER'): CertificateSource {
  if (value === undefined) return side === 'CLIENT' ? sdsCertificate : assumedCertificate;
  const known = typeof value === 'string' && Object.hasOwn(elsewhere, value) ? elsewhere[value] : undefined;
  if (known === undefined) throw new Refusal('metadata MESH_CERTIFICATES is not one of SDS, NONE');
  return known;
}

/** All three files of a side, or none of them. */
function readCertificateSource(settings: Settings, side: 'CLIENT' | 'SERVER'): CertificateSource {
  const names = certificateFiles.map((file) => `TLS_${side}_${file}`);
  const [chain = null, key = null, root = null] = names.map((name) => setting(settings, name));
  if (chain === null && key === null && root === null) return readElsewhere(settings('MESH_CERTIFICATES'), side);
  if (chain === null || key === null || root === null) {
    throw new Refusal(`metadata ${names.join(', ')} belong together, and one of them is missing`);
  }
  return { kind: 'files', chain, key, root };
}

function readCertificates(settings: Settings): ProxyNode['certificates'] {
  const client = readCertificateSource(settings, 'CLIENT');
  const server = readCertificateSource(settings, 'SERVER');
  return client === sdsCertificate && server === assumedCertificate ? usualCertificates : { client, server };
}

const interceptions: readonly Interception[] = ['REDIRECT', 'TPROXY', 'NONE'];

function readInterception(value: JsonValue | undefined): Interception {
  if (value === undefined) return 'REDIRECT';
  const known = interceptions.find((mode) => mode === value);
  if (known === undefined) throw new Refusal(`metadata INTERCEPTION_MODE is not one of ${interceptions.join(', ')}`);
  return known;
}

function readPortOffset(value: JsonValue | undefined): number {
  if (value === undefined) return 0;
  const offset = typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : value;
  if (typeof offset !== 'number' || !Number.isInteger(offset) || offset < 0 || offset > highestPortOffset) {
    throw new Refusal(`metadata PORT_OFFSET is not a whole number from 0 to ${highestPortOffset}`);
  }
  return offset;
}

/** BuildVersion.version.minor_number of an Envoy 1.x; null where it is not said. */
function readMinor(build: Uint8Array): number | null {
  if (build.length === 0) return null;
  const { version } = versionReader().decode(build) as unknown as { readonly version: Uint8Array };
  const semantic = messageType('envoy.type.v3.SemanticVersion').decode(version);
  const { major_number, minor_number } = semantic as unknown as { major_number: number; minor_number: number };
  return major_number === 1 ? minor_number : null;
}

function readLocality(bytes: Uint8Array): Locality {
  if (bytes.length === 0) return nowhere;
  const { region, zone, sub_zone } = localityReader().decode(bytes) as unknown as Record<string, string>;
  return {
    region: shortText('node.locality.region', region),
    zone: shortText('node.locality.zone', zone),
    subZone: shortText('node.locality.sub_zone', sub_zone),
  };
}
