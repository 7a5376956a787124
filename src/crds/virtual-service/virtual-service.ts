// VirtualService (networking.istio.io): where requests for hosts go.
import { sluiceDomain } from '../../model/names.ts';
import { type Origin, originOf } from '../../model/origin.ts';
import { type ConnectionRoute, meshGateway } from '../../model/route.ts';
import { ownAnnotations } from '../annotations/own.ts';
import { type Decoder, inside, list, object, report, type Spot } from '../values/decode.ts';
import { exportedTo, exportTo, hostAt, hostPattern } from '../values/host.ts';
import { kind } from '../values/kind.ts';
import type { Metadata } from '../values/metadata.ts';
import { tcpRoute, tlsRoute, withinHosts } from './connections.ts';
import { gatewayName } from './match.ts';
import { reportUnreachable } from './order.ts';
import { type HttpRule, httpRule, sticky } from './route.ts';

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
  /** Gateways by `namespace/name`, and `mesh` for sidecars. */
  readonly gateways: readonly string[];
  /** Namespaces whose clients see it; `*`: all. */
  readonly exportTo: ReadonlySet<string>;
  readonly http: readonly HttpRule[];
  /** Those by server name first. */
  readonly connections: readonly ConnectionRoute[];
  readonly origin: Origin;
}

const stickyName = 'sticky-canary';
/** `"true"`: of several weighted destinations a client keeps the one that its hash key has led it to. */
export const stickyAnnotation = `${sluiceDomain}/${stickyName}`;

const yesOrNo: Decoder<boolean> = (value, spot) =>
  value === 'true' || value === 'false' ? value === 'true' : report(spot, 'SLC0103', 'must be "true" or "false"');

const annotations = ownAnnotations({ [stickyName]: yesOrNo });

/** A list that is absent or empty means sidecars; invalid entries mean nobody. */
const gateways: Decoder<readonly string[]> = (value, spot) =>
  Array.isArray(value) && value.length === 0 ? [meshGateway] : (list(gatewayName)(value, spot) ?? []);

interface WrittenHost extends RuleHost {
  /** As it is written. */
  readonly name: string;
}

const host: Decoder<WrittenHost> = (value, spot) => {
  const name = hostPattern(value, spot);
  return name === undefined ? undefined : { name, host: hostAt(name, spot), origin: spot.origin };
};

const spec = object({
  hosts: list(host),
  gateways,
  exportTo,
  http: list(httpRule),
  tcp: list(tcpRoute),
  tls: list(tlsRoute),
});
type Spec = NonNullable<ReturnType<typeof spec>>;

/** Each once, without what cannot be. */
function hostsOf(hosts: readonly WrittenHost[], ofSidecars: boolean, { diagnostics }: Spot): readonly RuleHost[] {
  const byHost = new Map<string, RuleHost>();
  for (const { host, origin } of hosts) {
    if (byHost.has(host)) report({ origin, diagnostics }, 'SLC0223', `${host} is named above already`);
    else if (host === '*' && ofSidecars) {
      const message = 'sidecars take no rule for all hosts at once: name them, or write a wildcard with a domain';
      report({ origin, diagnostics }, 'SLC0105', message);
    } else byHost.set(host, { host, origin });
  }
  return [...byHost.values()];
}

function build(metadata: Metadata, decoded: Spec, spot: Spot): VirtualService {
  const { hosts = [], http = [], tcp = [], tls = [], gateways: named = [meshGateway] } = decoded;
  reportUnreachable(http, spot);
  if (http.length + tcp.length + tls.length === 0) {
    report(inside(spot, 'spec'), 'SLC0104', 'one of "http", "tcp" and "tls" is required');
  }
  // TLS clients ask for a host in full, or by the name that they know it by.
  const names = hosts.flatMap((each) => [each.host, each.name.toLowerCase()]);
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    created: metadata.created,
    hosts: hostsOf(hosts, named.includes(meshGateway), spot),
    gateways: named,
    exportTo: exportedTo(decoded.exportTo, metadata.namespace),
    http: annotations(metadata, spot)?.[stickyName] ? http.map(sticky) : http,
    connections: [...tls.map((each) => withinHosts(each, names, spot)), ...tcp],
    origin: originOf(metadata.id),
  };
}

export const virtualServiceKind = kind(
  {
    group: 'networking.istio.io',
    kind: 'VirtualService',
    versions: ['v1', 'v1beta1', 'v1alpha3'],
    required: ['spec'],
    body: { spec },
  },
  (metadata, { spec: decoded }, spot) => decoded && build(metadata, decoded, spot),
);
