// A proxy → its group: all that its configuration may depend on, and nothing that names it.
import { interner } from '../../lib/intern.ts';
import { memo } from '../../lib/memo.ts';
import { sortedBy } from '../../lib/sorted.ts';
import { type AuthorizationPolicy, noPolicies } from '../../model/authorization.ts';
import { tlsModeIstio, tlsModeLabel } from '../../model/client-tls.ts';
import { type EndpointView, type Labels, noLabels } from '../../model/endpoint.ts';
import { viewKey } from '../../model/endpoint-view.ts';
import type { Mesh, ServedPort, Workload } from '../../model/mesh.ts';
import { meshDefaults, type ProxyDefaults } from '../../model/mesh-defaults.ts';
import { modeAt, type PeerModes } from '../../model/peer-authentication.ts';
import { selectingLabels } from '../../model/policy.ts';
import {
  type CertificateSource,
  type Certificates,
  noCertificate,
  type ProxyGroup,
  type ProxyNode,
  sdsCertificate,
  sdsCertificates,
} from '../../model/proxy.ts';
import type { Scope } from '../../model/scope.ts';
import { namespacesOfExports } from '../../model/visibility.ts';
import { labelsOf, namespacesOfRoutes } from './clients.ts';
import { endpointView } from './endpoint-view.ts';
import { gatewaysOf } from './gateways.ts';
import { calledPorts } from './ingress.ts';
import { noPeerAuthentications } from './peer-authentications.ts';

const internGroup = interner<ProxyGroup>();
const internServed = interner<readonly ServedPort[]>();

const servedKey = (served: ServedPort): string => Object.values(served).join(' ');

const nothing: readonly ServedPort[] = [];
const both = memo((first: readonly ServedPort[], second: readonly ServedPort[]): readonly ServedPort[] => [
  ...first,
  ...second,
]);

/** What is behind the proxy, by its addresses. */
function behind(mesh: Mesh, node: ProxyNode, workload: Workload | undefined): readonly ServedPort[] {
  const [first = nothing, ...more] = (workload?.addresses ?? [node.ip]).map((address) => mesh.served.get(address));
  return more.reduce(both, first);
}

/** What it serves. A sidecar that captures nothing serves nothing; of a gateway its Service says which ports it binds. */
function servedAt(mesh: Mesh, node: ProxyNode, workload: Workload | undefined): readonly ServedPort[] {
  const asked = node.role === 'router' ? mesh.gateways.size > 0 : node.interception !== 'NONE';
  return asked ? behind(mesh, node, workload) : nothing;
}

/** The service that it belongs to, by host the first; looked up only where the proxy wants to know. */
function peersOf(mesh: Mesh, node: ProxyNode, workload: Workload | undefined): string | null {
  if (!node.selfDiscovery) return null;
  const own = servedPorts(behind(mesh, node, workload), node.namespace);
  return sortedBy(own, ({ host }) => host)[0]?.host ?? '';
}

/** A Service selects Pods of its own namespace; one elsewhere may not say how a workload is spoken to. */
function servedPorts(behind: readonly ServedPort[], namespace: string): readonly ServedPort[] {
  const served = behind.filter((port) => port.namespace === namespace);
  if (served.length === 0) return nothing;
  const unique = new Map(sortedBy(served, servedKey).map((each) => [servedKey(each), each] as const));
  return internServed([...unique.keys()].join(), () => [...unique.values()]);
}

/** What of a gRPC client counts: it has no listeners of its own, captures nothing and serves nothing. */
const asGrpcClient = memo((node: ProxyNode): ProxyNode => {
  return {
    ...node,
    role: 'sidecar',
    interception: 'NONE',
    portOffset: 0,
    ip: '',
    certificates: sdsCertificates,
    selfDiscovery: false,
  };
});

/** The group of a proxy; equal groups are one object. */
export function proxyGroup(mesh: Mesh, asking: ProxyNode): ProxyGroup {
  const node = asking.generator === 'grpc' ? asGrpcClient(asking) : asking;
  const workload = mesh.workloads.get(`${node.name}.${node.namespace}`);
  const view = endpointView(mesh, node, workload ?? null);
  const scope = node.role === 'sidecar' ? mesh.scopes.of(node.namespace, (workload ?? node).labels) : null;
  return groupOf(
    view,
    labelsOf(mesh, node, workload),
    servedAt(mesh, node, workload),
    gatewaysOf(mesh, node, workload),
    surroundings(mesh.defaults.proxy, scope),
    peersOf(mesh, node, workload),
    certificatesOf(node, workload),
    protectionOf(mesh, node, workload),
    node,
  );
}

/**
 * Whether callers find mutual TLS: where the proxy says nothing, its Pod decides, as it does for callers. Without an agent
 * a listener would wait for certificates for ever. A gateway has them where its Gateway asks for them.
 */
function certificatesOf({ role, certificates, labels: own }: ProxyNode, workload: Workload | undefined): Certificates {
  const { server } = certificates;
  if (role === 'router' || server.kind !== 'sds' || server.assumed !== true) return certificates;
  const { labels } = workload ?? { labels: own };
  return withServer(certificates, labels.get(tlsModeLabel) === tlsModeIstio ? sdsCertificate : noCertificate);
}

const withServer = memo(({ client }: Certificates, server: CertificateSource): Certificates => ({ client, server }));

/** Whom its workload answers, and what it allows. */
interface Protection {
  readonly peers: PeerModes;
  readonly authorization: readonly AuthorizationPolicy[];
}
const protection = memo(
  (peers: PeerModes, authorization: readonly AuthorizationPolicy[]): Protection => ({ peers, authorization }),
);
const internPolicies = interner<readonly AuthorizationPolicy[]>();
const policyText = memo((policy: AuthorizationPolicy): string => JSON.stringify(policy));
const unprotected = protection(noPeerAuthentications.of('', noLabels), noPolicies);

/** A gRPC client is not called. */
function protectionOf({ peers, authorization }: Mesh, node: ProxyNode, workload: Workload | undefined): Protection {
  if (node.generator === 'grpc') return unprotected;
  const { labels } = workload ?? node;
  const found = authorization.of(node.namespace, labels);
  const policies = found.length === 0 ? noPolicies : internPolicies(JSON.stringify(found.map(policyText)), () => found);
  return protection(node.role === 'router' ? unprotected.peers : peers.of(node.namespace, labels), policies);
}

/** The ports with whom each answers. */
const answering = memo((served: readonly ServedPort[], modes: PeerModes): readonly ServedPort[] => {
  const modeOf = ({ targetPort }: ServedPort) => modeAt(modes, targetPort);
  if (served.every((port) => modeOf(port) === port.mutualTls)) return served;
  return served.map((port) => ({ ...port, mutualTls: modeOf(port) }));
});

type Behind = readonly ServedPort[];

/** What the mesh and a Sidecar say, whatever the proxy. */
type Surroundings = Pick<ProxyGroup, 'defaults' | 'scope'>;
const surroundings = memo((defaults: ProxyDefaults, scope: Scope | null): Surroundings => ({ defaults, scope }));

/** Proxies come last: what is remembered of each is one entry. */
const groupOf = memo(
  (
    view: EndpointView,
    labels: Labels,
    behind: Behind,
    gateways: readonly string[],
    around: Surroundings,
    peers: string | null,
    certificates: Certificates,
    protection: Protection,
    node: ProxyNode,
  ): ProxyGroup => {
    const { role, generator, namespace, interception } = node;
    const portOffset = interception === 'NONE' || role === 'router' ? node.portOffset : 0;
    const ipFamily = node.ip.includes(':') ? 'v6' : 'v4';
    const { peers: modes, authorization } = protection;
    const served = answering(calledPorts(around.scope, servedPorts(behind, namespace)), modes);
    const settings = { role, generator, namespace, interception, portOffset, ipFamily } as const;
    const own = { served, mutualTls: modes.mode, authorization, endpointView: view, labels, certificates };
    return interned({ ...settings, ...around, ...own, gateways, peers });
  },
);

/** Whom it is for makes no difference to those who have it. */
const scopeText = memo((scope: Scope): string => JSON.stringify({ ...scope, selector: null }));

function interned(group: ProxyGroup): ProxyGroup {
  const { served, endpointView, labels, scope, defaults, authorization, ...settings } = group;
  const around = [defaults === meshDefaults.proxy ? null : defaults, scope === null ? null : scopeText(scope)];
  const parts = [...Object.values(settings), ...around, viewKey(endpointView), [...labels], ...served.map(servedKey)];
  if (authorization !== noPolicies) parts.push(authorization.map(policyText));
  return internGroup(JSON.stringify(parts), () => group);
}

const namespacesOf = memo(
  (services: Mesh['services']): ReadonlySet<string> =>
    new Set([...services.values()].map(({ namespace }) => namespace)),
);

const choosingNamespaces = memo(
  (policies: Mesh['policies']): ReadonlySet<string> =>
    new Set([
      ...[...policies.values()].flatMap(({ byNamespace }) => [...byNamespace.keys()]),
      ...selectingLabels(policies).keys(),
    ]),
);

const inAnyNamespace = memo((group: ProxyGroup): ProxyGroup => interned({ ...group, namespace: '' }));

/** The group whose configuration is the same: a namespace without services and without policies of its own is like any other. */
export function likeGroup({ services, policies, routes }: Mesh, group: ProxyGroup): ProxyGroup {
  const { namespace, scope, role } = group;
  // There are few gateways, and what they lead to depends on their namespace in more ways.
  if (scope !== null || role === 'router') return group;
  const chooses = choosingNamespaces(policies).has(namespace) || namespacesOfRoutes(routes).has(namespace);
  const exported = namespacesOfExports(services).has(namespace);
  return chooses || exported || namespacesOf(services).has(namespace) ? group : inAnyNamespace(group);
}
