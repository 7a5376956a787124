// Which outbound listeners there are, and what meets on each: decided before any is written out.
import { memo } from '../../lib/memo.ts';
import { type Diagnostic, diagnose, type Outcome } from '../../model/diagnostic.ts';
import type { ProxyGroup } from '../../model/proxy.ts';
import { isHttp, isProxied, type Service, type ServicePort } from '../../model/service.ts';
import { type ClusterPlan, isDynamic } from './cluster-plan.ts';
import { hasRanges, rangeKeys } from './connection-match.ts';

/** A port of a service as clients of one namespace call it: the cluster of the whole service. */
export interface CalledPort {
  readonly service: Service;
  readonly port: ServicePort;
  readonly cluster: ClusterPlan;
}

/** A service as clients of one namespace call it: its ports, and the clusters of its subsets. */
export interface CalledService {
  readonly ports: readonly CalledPort[];
  readonly subsets: readonly ClusterPlan[];
}

/** One outbound listener. */
export interface ListenerPlan {
  readonly bind: string;
  /** The service's port, which the name is made of. */
  readonly port: number;
  /** The port that is bound. */
  readonly bound: number;
  /** The route configuration for connections that speak HTTP; null: none do. */
  readonly routeName: string | null;
  /** Where connections go that do not speak HTTP; null: past the proxy, or nowhere. */
  readonly tcp: CalledPort | null;
  /** Who is told from others by the server that clients ask for, or by the addresses that connections are for. */
  readonly matched: readonly CalledPort[];
  readonly called: readonly CalledPort[];
}

/** Ports on which a captured sidecar itself listens on all addresses. */
const ownPorts: ReadonlySet<number> = new Set([15001, 15006]);

const wildcards = { v4: '0.0.0.0', v6: '::' } as const;
const loopbacks = { v4: '127.0.0.1', v6: '::1' } as const;

/** The address of listeners that many services share. */
export function sharedBind({ interception, ipFamily }: ProxyGroup): string {
  return interception === 'NONE' ? loopbacks[ipFamily] : wildcards[ipFamily];
}

export function listenerName(bind: string, port: number): string {
  return `${bind}_${port}`;
}

/** The name of the route configuration that a port of a service is reached by. */
export function sniffedRouteName({ host }: Service, port: number): string {
  return `${host}:${port}`;
}

/** Whether the port has a listener of its own per virtual IP, rather than a share of the common one. */
export function hasOwnListener({ service, port }: CalledPort, { interception }: ProxyGroup): boolean {
  return interception !== 'NONE' && service.addresses.length > 0 && !isHttp(port.protocol);
}

interface Draft {
  readonly bind: string;
  readonly port: number;
  readonly bound: number;
  routeName: string | null;
  tcp: CalledPort | null;
  readonly matched: CalledPort[];
  /** The ranges of addresses that are taken; null: none. */
  ranges: Map<string, CalledPort> | null;
  readonly called: CalledPort[];
}

/** What a listener's place is chosen by: an address of its own, ranges of them, or the port alone. */
interface Binding {
  readonly bind: string;
  readonly by: 'address' | 'range' | 'port';
}

function bindingsOf(called: CalledPort, group: ProxyGroup): readonly Binding[] {
  const own = hasOwnListener(called, group);
  const addresses = own ? called.service.addresses.map((bind): Binding => ({ bind, by: 'address' })) : [];
  const bind = sharedBind(group);
  if (hasRanges(called, group)) return [...addresses, { bind, by: 'range' }];
  return own ? addresses : [{ bind, by: 'port' }];
}

/** A port beside others on the shared address, by the ranges that are its own. */
function placeRanges(draft: Draft, called: CalledPort): Diagnostic | null {
  const keys = rangeKeys(called);
  const ranges = draft.ranges ?? new Map<string, CalledPort>();
  draft.ranges = ranges;
  const taken = keys.map((key) => ranges.get(key)).find((each) => each !== undefined);
  if (taken !== undefined) return collision(draft, called, taken);
  for (const key of keys) ranges.set(key, called);
  draft.called.push(called);
  draft.matched.push(called);
  if (called.port.protocol === 'auto') draft.routeName ??= String(called.port.number);
  return null;
}

function place(draft: Draft, called: CalledPort, own: boolean): Diagnostic | null {
  const { service, port } = called;
  const { protocol } = port;
  const [first] = draft.called;
  if (own && first !== undefined) return collision(draft, called, first);
  draft.called.push(called);
  if (protocol === 'auto' || isHttp(protocol)) {
    draft.routeName ??= own ? sniffedRouteName(service, port.number) : String(port.number);
    if (protocol === 'auto') draft.tcp ??= called;
    return null;
  }
  if (protocol === 'tls' && !own) {
    draft.matched.push(called);
    return null;
  }
  if (draft.tcp === null || draft.tcp.port.protocol === 'auto') {
    draft.tcp = called;
    return null;
  }
  return collision(draft, called, draft.tcp);
}

function collision(draft: Draft, { port }: CalledPort, winner: CalledPort): Diagnostic {
  const listener = listenerName(draft.bind, draft.port);
  const message = `port ${port.number}: ${winner.service.host} has the listener ${listener} already, so connections go there`;
  return diagnose('SLC0401', port.origin, message);
}

/** Ports below it need privileges, which a sidecar without capture does not have. */
const firstFreePort = 1024;

/** The port to bind: a sidecar that captures nothing opens it itself, as an ordinary user. */
function boundPort(port: number, { interception, portOffset }: ProxyGroup): number {
  return interception === 'NONE' && port < firstFreePort ? port + portOffset : port;
}

/** Whether the callers of a port choose the address themselves, and nothing but the address tells whom they mean. */
export function isAnonymous({ service, port }: CalledPort): boolean {
  return service.resolution.kind === 'passthrough' && !isHttp(port.protocol);
}

/** What callers choose by address has listeners by endpoint, where connections are captured at all. */
function isListenedFor(called: CalledPort, { interception }: ProxyGroup): boolean {
  return isProxied(called.port.protocol) && (interception === 'NONE' || !isAnonymous(called));
}

const newDraft = (bind: string, port: number, bound: number): Draft => {
  return { bind, port, bound, routeName: null, tcp: null, matched: [], ranges: null, called: [] };
};

const placeBy = (by: Binding['by'], draft: Draft, called: CalledPort): Diagnostic | null =>
  by === 'range' ? placeRanges(draft, called) : place(draft, called, by === 'address');

/** All outbound listeners, sorted by the services' order; of TCP services that collide the first wins. */
export const planListeners = memo(
  (called: readonly CalledPort[], group: ProxyGroup): Outcome<readonly ListenerPlan[]> => {
    const drafts = new Map<string, Draft>();
    const diagnostics: Diagnostic[] = [];
    for (const each of called.filter((one) => isListenedFor(one, group))) {
      const { number } = each.port;
      const bindings = bindingsOf(each, group);
      if (bindings.some(({ by }) => by !== 'address') && group.interception !== 'NONE' && ownPorts.has(number)) {
        const message = `port ${number} is the sidecar's own, so the service cannot be called through it`;
        diagnostics.push(diagnose('SLC0401', each.port.origin, message));
        continue;
      }
      for (const { bind, by } of bindings) {
        const bound = boundPort(number, group);
        const key = `${bind} ${bound}`;
        const draft = drafts.get(key) ?? newDraft(bind, number, bound);
        drafts.set(key, draft);
        const conflict =
          draft.port === number ? placeBy(by, draft, each) : collision(draft, each, draft.called[0] ?? each);
        if (conflict !== null) diagnostics.push(conflict);
      }
    }
    const plans = [...drafts.values()].map((draft) => finish(draft, group));
    return { value: plans, diagnostics };
  },
);

/**
 * On a shared address a captured connection that is not HTTP keeps its own destination unless a TCP service is there. One
 * that is not captured has none: where a service with TLS is alone, it is that.
 */
function finish({ ranges: _, ...draft }: Draft, { interception }: ProxyGroup): ListenerPlan {
  const own = draft.routeName?.includes(':') ?? false;
  const [alone, ...others] = draft.matched;
  const free = draft.tcp === null || draft.tcp.port.protocol === 'auto';
  if (interception === 'NONE' && alone !== undefined && others.length === 0 && free && !isDynamic(alone.cluster)) {
    return { ...draft, tcp: alone, matched: [] };
  }
  const guessed = draft.tcp?.port.protocol === 'auto' && !own && interception !== 'NONE';
  return { ...draft, tcp: guessed ? null : draft.tcp };
}
