// VirtualService (networking.istio.io): where requests for hosts go.
import { isObject, type JsonValue } from '../lib/json.ts';
import { sluiceDomain } from '../model/names.ts';
import { type Origin, originOf } from '../model/origin.ts';
import { type ConnectionRoute, meshGateway } from '../model/route.ts';
import { type Decoder, inside, list, nonEmptyString, object, report, type Spot } from './decode.ts';
import { exportedTo, exportTo, fullHost, hostPattern } from './host.ts';
import { kind } from './kind.ts';
import type { Metadata } from './metadata.ts';
import { tcpRouteIn, tlsRouteIn } from './virtual-service-connections.ts';
import { reportUnreachable } from './virtual-service-order.ts';
import { type HttpRule, httpRuleIn } from './virtual-service-route.ts';

export interface RuleHost {
  /** A full host name, or a wildcard such as `*.example.com`. */
  readonly host: string;
  readonly origin: Origin;
}

export interface VirtualService {
  readonly namespace: string;
  readonly name: string;
  readonly created: number | null;
  /** Empty: it is only there for others to delegate to. */
  readonly hosts: readonly RuleHost[];
  /** Names of Gateways as they are written, and `mesh` for sidecars. */
  readonly gateways: readonly string[];
  /** Namespaces whose clients see it; `*`: all. */
  readonly exportTo: ReadonlySet<string>;
  readonly http: readonly HttpRule[];
  /** Those by server name first. */
  readonly connections: readonly ConnectionRoute[];
  readonly origin: Origin;
}

/** `"true"`: of several weighted destinations a client keeps the one that its hash key has led it to. */
const stickyAnnotation = `${sluiceDomain}/sticky-canary`;

function isSticky({ annotations }: Metadata, spot: Spot): boolean {
  const value = annotations.get(stickyAnnotation) ?? 'false';
  if (value !== 'true' && value !== 'false') {
    report(inside(spot, 'metadata', 'annotations', stickyAnnotation), 'SLC0103', 'must be "true" or "false"');
  }
  return value === 'true';
}

/** A list that is absent or empty means sidecars; invalid entries mean nobody. */
const gateways: Decoder<readonly string[]> = (value, spot) =>
  Array.isArray(value) && value.length === 0 ? [meshGateway] : (list(nonEmptyString)(value, spot) ?? []);

function hostIn(namespace: string): Decoder<RuleHost> {
  return (value, spot) => {
    const host = hostPattern(value, spot);
    return host === undefined ? undefined : { host: fullHost(host, namespace), origin: spot.origin };
  };
}

/** The names by which TLS clients may call the hosts of a rule: as they are written, and in full. */
function namesIn(spec: JsonValue, namespace: string): readonly string[] {
  const hosts = isObject(spec) && Array.isArray(spec['hosts']) ? spec['hosts'] : [];
  const names = hosts.filter((each: JsonValue) => typeof each === 'string');
  return names.flatMap((name: string) => [name.toLowerCase(), fullHost(name, namespace)]);
}

function specIn({ namespace }: Metadata, sticky: boolean, names: readonly string[]) {
  return object({
    hosts: list(hostIn(namespace)),
    gateways,
    exportTo,
    http: list(httpRuleIn({ namespace, sticky })),
    tcp: list(tcpRouteIn(namespace)),
    tls: list(tlsRouteIn(namespace, names)),
  });
}

/** Each once, without what cannot be. */
function hostsOf(hosts: readonly RuleHost[], ofSidecars: boolean, { diagnostics }: Spot): readonly RuleHost[] {
  const byHost = new Map<string, RuleHost>();
  for (const each of hosts) {
    const { host, origin } = each;
    if (byHost.has(host)) report({ origin, diagnostics }, 'SLC0223', `${host} is named above already`);
    else if (host === '*' && ofSidecars) {
      const message = 'sidecars take no rule for all hosts at once: name them, or write a wildcard with a domain';
      report({ origin, diagnostics }, 'SLC0105', message);
    } else byHost.set(host, each);
  }
  return [...byHost.values()];
}

const anything: Decoder<Parameters<Decoder<unknown>>[0]> = (value) => value;

export const virtualServiceKind = kind(
  {
    group: 'networking.istio.io',
    kind: 'VirtualService',
    versions: ['v1', 'v1beta1', 'v1alpha3'],
    required: ['spec'],
    body: { spec: anything },
  },
  (metadata, { spec = null }, spot): VirtualService | undefined => {
    const place = inside(spot, 'spec');
    const decoded = specIn(metadata, isSticky(metadata, spot), namesIn(spec, metadata.namespace))(spec, place);
    if (decoded === undefined) return undefined;
    const { http = [], tcp = [], tls = [], gateways: named = [meshGateway] } = decoded;
    reportUnreachable(http, spot);
    if (http.length + tcp.length + tls.length === 0)
      report(place, 'SLC0104', 'one of "http", "tcp" and "tls" is required');
    return {
      namespace: metadata.namespace,
      name: metadata.name,
      created: metadata.created,
      hosts: hostsOf(decoded.hosts ?? [], named.includes(meshGateway), spot),
      gateways: named,
      exportTo: exportedTo(decoded.exportTo, metadata.namespace),
      http,
      connections: [...tls, ...tcp],
      origin: originOf(metadata.id),
    };
  },
);
