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
import { retries } from '../virtual-service/policies.ts';
import { accessLogFields, accessLogOf } from './access-log.ts';
import { statName } from './stat-name.ts';
import { proxyConfig, unread } from './unread.ts';

const mode: Decoder<OutboundPolicy> = (value, spot) =>
  value === 'ALLOW_ANY_DYNAMIC_DNS'
    ? report(spot, 'SLC0108', 'ALLOW_ANY_DYNAMIC_DNS: not supported yet, so it is as ALLOW_ANY')
    : oneOf<OutboundPolicy>({ ALLOW_ANY: allowAny, REGISTRY_ONLY: { kind: 'registry-only' } })(value, spot);

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
    outboundTrafficPolicy: object({ mode }),
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

function proxyOf(decoded: Fields, spot: Spot): ProxyDefaults {
  const usual = meshDefaults.proxy;
  return sameProxyDefaults({
    outbound: decoded.outboundTrafficPolicy?.mode ?? usual.outbound,
    accessLog: accessLogOf(decoded, spot),
    detectionTimeout: decoded.protocolDetectionTimeout ?? usual.detectionTimeout,
    paths: decoded.pathNormalization?.normalization ?? usual.paths,
    minimumTls: decoded.meshMTLS?.minProtocolVersion ?? usual.minimumTls,
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
