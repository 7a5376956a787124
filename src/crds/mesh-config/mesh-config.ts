// MeshConfig (istio.mesh.v1alpha1): what of it decides how requests are routed and balanced.
import { interner } from '../../lib/intern.ts';
import {
  allowAny,
  type ExportDefaults,
  type MeshDefaults,
  meshDefaults,
  type OutboundPolicy,
  type PathNormalization,
  type PortDefaults,
  type ProxyDefaults,
  registryOnly,
  sameProxyDefaults,
  type TrustDomains,
} from '../../model/mesh-defaults.ts';
import { rootNamespace } from '../../model/names.ts';
import { tcpKeepalive } from '../destination-rule/connection-pool.ts';
import { localityLbSetting } from '../destination-rule/locality-lb.ts';
import {
  boolean,
  type Decoder,
  inside,
  list,
  nonEmptyString,
  object,
  oneOf,
  report,
  type Spot,
} from '../values/decode.ts';
import { duration } from '../values/duration.ts';
import { exportTo, namespaceName } from '../values/host.ts';
import { unreadablePolicy } from '../values/outbound-policy.ts';
import { retries } from '../virtual-service/policies.ts';
import { accessLogFields, accessLogOf } from './access-log.ts';
import { statName } from './stat-name.ts';
import { proxyConfig, unread } from './unread.ts';

const modes = oneOf<OutboundPolicy>({ ALLOW_ANY: allowAny, REGISTRY_ONLY: registryOnly });

const mode: Decoder<OutboundPolicy> = (value, spot) => {
  if (value !== 'ALLOW_ANY_DYNAMIC_DNS') return modes(value, spot);
  report(spot, 'SLC0108', 'ALLOW_ANY_DYNAMIC_DNS: not supported yet, so it is as ALLOW_ANY');
  return allowAny;
};

const policyFields = object({ mode });

const outboundTrafficPolicy: Decoder<OutboundPolicy> = (value, spot) => {
  const before = spot.diagnostics.length;
  const decoded = policyFields(value, spot);
  const unread = decoded === undefined || ('mode' in decoded && decoded.mode === undefined);
  const misspelt = decoded?.mode === undefined && spot.diagnostics.length > before;
  return unread || misspelt ? unreadablePolicy(spot) : (decoded?.mode ?? allowAny);
};

const normalization = oneOf<PathNormalization>({
  DEFAULT: 'base',
  NONE: 'none',
  BASE: 'base',
  MERGE_SLASHES: 'merge-slashes',
  DECODE_AND_MERGE_SLASHES: 'decode-and-merge-slashes',
});

const minimumTls = oneOf<ProxyDefaults['minimumTls']>({
  TLS_AUTO: 'TLSv1_2',
  TLSV1_2: 'TLSv1_2',
  TLSV1_3: 'TLSv1_3',
});

const internDomains = interner<TrustDomains>();
const domainCharacters = new Set('-._0123456789abcdefghijklmnopqrstuvwxyz');

/** As SPIFFE has it, and it has to fit into identities. */
const trustDomain: Decoder<string> = (value, spot) => {
  const name = nonEmptyString(value, spot);
  if (name === undefined) return undefined;
  const fits = name.length <= 255 && [...name].every((each) => domainCharacters.has(each));
  return fits ? name : report(spot, 'SLC0105', 'is no trust domain: lower-case letters, digits and .-_ only');
};

/** What is not known is verified: turning that off for all calls at once is refused. */
const verifyCertificateAtClient: Decoder<never> = (value, spot) =>
  boolean(value, spot) === false
    ? report(spot, 'SLC0111', 'servers are verified all the same; insecureSkipVerify of a DestinationRule turns it off')
    : undefined;

const notRead: Decoder<never> = (_, spot) => report(spot, 'SLC0111', 'not read by this version');

const fields = object(
  {
    outboundTrafficPolicy,
    connectTimeout: duration({ min: 1 }),
    tcpKeepalive,
    h2UpgradePolicy: oneOf({ DO_NOT_UPGRADE: false, UPGRADE: true }),
    defaultServiceExportTo: exportTo,
    defaultVirtualServiceExportTo: exportTo,
    defaultDestinationRuleExportTo: exportTo,
    localityLbSetting,
    defaultHttpRetryPolicy: retries,
    ...accessLogFields,
    enableAutoMtls: boolean,
    rootNamespace: namespaceName,
    defaultConfig: proxyConfig,
    protocolDetectionTimeout: duration({ min: 0 }),
    dnsRefreshRate: duration({ min: 2 }),
    verifyCertificateAtClient,
    trustDomain,
    trustDomainAliases: list(trustDomain),
    meshMTLS: object({ minProtocolVersion: minimumTls, ecdhCurves: notRead, cipherSuites: notRead }),
    pathNormalization: object({ normalization }),
    outboundClusterStatName: statName,
    inboundClusterStatName: statName,
  },
  { ignored: unread },
);
type Fields = NonNullable<ReturnType<typeof fields>>;

function portsOf(decoded: Fields, { origin }: Spot): PortDefaults | null {
  const { connectTimeout = null, tcpKeepalive: keepalive = null, h2UpgradePolicy: upgrade = false } = decoded;
  const { defaultHttpRetryPolicy: tried = null, localityLbSetting: locality = null } = decoded;
  const silent = [connectTimeout, keepalive, tried, locality].every((each) => each === null) && !upgrade;
  return silent ? null : { connectTimeout, keepalive, upgrade, retries: tried, locality, origin };
}

const exportsOf = (decoded: Fields): ExportDefaults => ({
  services: decoded.defaultServiceExportTo ?? meshDefaults.exportTo.services,
  rules: decoded.defaultDestinationRuleExportTo ?? meshDefaults.exportTo.rules,
  routes: decoded.defaultVirtualServiceExportTo ?? meshDefaults.exportTo.routes,
});

/** One and the same list where nothing is said, and for equal ones: much is remembered by it. */
function trustDomainsOf({ trustDomain: own, trustDomainAliases: aliases = [] }: Fields): TrustDomains {
  const usual = meshDefaults.proxy.trustDomains;
  const all: TrustDomains = [own ?? usual[0], ...aliases];
  const distinct = [...new Set(all)] as unknown as TrustDomains;
  return distinct.join() === usual.join() ? usual : internDomains(distinct.join(), () => distinct);
}

/** One that cannot be read was meant to be stricter than the usual one. */
function minimumTlsOf({ meshMTLS }: Fields): ProxyDefaults['minimumTls'] {
  const unread =
    meshMTLS !== undefined && 'minProtocolVersion' in meshMTLS && meshMTLS.minProtocolVersion === undefined;
  return unread ? 'TLSv1_3' : (meshMTLS?.minProtocolVersion ?? meshDefaults.proxy.minimumTls);
}

function proxyOf(decoded: Fields, spot: Spot): ProxyDefaults {
  const usual = meshDefaults.proxy;
  return sameProxyDefaults({
    outbound: decoded.outboundTrafficPolicy ?? usual.outbound,
    accessLog: accessLogOf(decoded, spot),
    detectionTimeout: decoded.protocolDetectionTimeout ?? usual.detectionTimeout,
    nameRefresh: decoded.dnsRefreshRate ?? usual.nameRefresh,
    paths: decoded.pathNormalization?.normalization ?? usual.paths,
    minimumTls: minimumTlsOf(decoded),
    trustDomains: trustDomainsOf(decoded),
    outboundStatName: decoded.outboundClusterStatName ?? null,
    inboundStatName: decoded.inboundClusterStatName ?? null,
  });
}

/** The settings of the whole mesh, with defaults filled in. */
export const meshConfig: Decoder<MeshDefaults> = (value, spot) => {
  const decoded = fields(value, spot);
  if (decoded === undefined) return undefined;
  for (const name of [
    'defaultServiceExportTo',
    'defaultVirtualServiceExportTo',
    'defaultDestinationRuleExportTo',
  ] as const) {
    if (decoded[name]?.length === 0) report(inside(spot, name), 'SLC0105', 'names no namespace: it exports to nobody');
  }
  return {
    ports: portsOf(decoded, spot),
    exportTo: exportsOf(decoded),
    autoMutualTls: decoded.enableAutoMtls ?? true,
    rootNamespace: decoded.rootNamespace ?? rootNamespace,
    proxy: proxyOf(decoded, spot),
  };
};

/** For a text that is no MeshConfig: whoever has written REGISTRY_ONLY anywhere in it is not to find everything open. */
export function unreadableMeshConfig(text: string, spot: Spot): MeshDefaults | undefined {
  if (!text.includes('REGISTRY_ONLY')) return undefined;
  const proxy = sameProxyDefaults({ ...meshDefaults.proxy, outbound: unreadablePolicy(spot) });
  return { ...meshDefaults, proxy };
}
