// Which listeners a gateway has, and which servers meet on each: decided before any is written out.
import { type Diagnostic, diagnose, type Outcome } from '../../model/diagnostic.ts';
import { coversHost, type Gateway, type GatewayServer, gatewayKey, type RoutedServer } from '../../model/gateway.ts';
import { at } from '../../model/origin.ts';
import type { ProxyGroup } from '../../model/proxy.ts';
import { listenerName, wildcards } from './plan-listeners.ts';

/** A server at its place. */
export interface PlacedServer extends RoutedServer {
  readonly gateway: Gateway;
  /** Its hosts, without those that an older server of the port has. Never empty. */
  readonly hosts: readonly string[];
}

/** How connections are told apart. `http` and `tcp`: not at all; `tls`: by the server name that clients ask for. */
type ListenerKind = GatewayServer['protocol'] | 'tls';

export interface GatewayListener {
  readonly kind: ListenerKind;
  readonly bind: string;
  /** The port that the gateway's workload serves, which the name is made of. */
  readonly port: number;
  /** The port that is bound. */
  readonly bound: number;
  /** The oldest Gateway first. */
  readonly servers: readonly PlacedServer[];
}

/** Ports below it need privileges. */
const firstFreePort = 1024;

/** Where the gateway's own Service leads a port; without one it is the port itself. */
function targetOf(port: number, { served }: ProxyGroup): number {
  return served.find((each) => each.port === port)?.targetPort ?? port;
}

const kindOf = ({ tls, protocol }: GatewayServer): ListenerKind => (tls === null ? protocol : 'tls');

interface Draft extends Omit<GatewayListener, 'servers'> {
  readonly servers: PlacedServer[];
}

function owner(draft: Draft, host: string): PlacedServer | undefined {
  return draft.servers.find(({ hosts }) => hosts.includes(host));
}

/** Requests in the clear say themselves which host they are for, so there servers share what they name. */
function place(draft: Draft, gateway: Gateway, { server, routes }: RoutedServer): readonly Diagnostic[] {
  const [first] = draft.servers;
  if (first !== undefined && (draft.kind !== kindOf(server) || draft.kind === 'tcp')) {
    const winner = gatewayKey(first.gateway);
    const message = `port ${draft.port} of ${draft.bind} is that of a server of Gateway ${winner}, which speaks ${draft.kind}`;
    return [diagnose('SLC0230', at(server.origin, 'port'), message)];
  }
  const diagnostics: Diagnostic[] = [];
  const hosts = server.hosts.filter(({ host, origin }) => {
    const other = draft.kind === 'tls' ? owner(draft, host) : undefined;
    if (other === undefined) return true;
    const message = `${host} on port ${draft.port} is that of a server of Gateway ${gatewayKey(other.gateway)}`;
    diagnostics.push(diagnose('SLC0230', origin, message));
    return false;
  });
  const names = [...new Set(hosts.map(({ host }) => host))];
  if (names.length > 0) draft.servers.push({ gateway, server, routes, hosts: names });
  return diagnostics;
}

/** The listeners of these gateways, the oldest first; what two servers want goes to the older one. */
export function planGatewayListeners(
  gateways: readonly Gateway[],
  group: ProxyGroup,
): Outcome<readonly GatewayListener[]> {
  const drafts = new Map<string, Draft>();
  const diagnostics: Diagnostic[] = [];
  for (const gateway of gateways) {
    for (const routed of gateway.servers) {
      const { server } = routed;
      const bind = server.bind ?? wildcards[group.ipFamily];
      const port = targetOf(server.port, group);
      const bound = port < firstFreePort ? port + group.portOffset : port;
      const key = listenerName(bind, port);
      const draft = drafts.get(key) ?? { kind: kindOf(server), bind, port, bound, servers: [] };
      drafts.set(key, draft);
      for (const each of place(draft, gateway, routed)) diagnostics.push(each);
    }
  }
  return { value: [...drafts.values()].filter(({ servers }) => servers.length > 0), diagnostics };
}

/** The server of a listener that a server name belongs to: that with the narrowest host that covers it. */
export function serverFor(listener: GatewayListener, name: string): PlacedServer | null {
  const pairs = listener.servers.flatMap((server) => server.hosts.map((host) => ({ server, host })));
  const covering = pairs.filter(({ host }) => coversHost(host, name));
  const narrowest = covering.toSorted(
    (a, b) => Number(b.host === name) - Number(a.host === name) || b.host.length - a.host.length,
  );
  return narrowest[0]?.server ?? null;
}
