// What clients know of the mesh: services that are exported to their namespace and that their Sidecar imports, and the
// routes for these. Most know all of it, and then nothing is computed.
//
// Invariant: what is looked at is what a Sidecar imports, not the whole mesh, unless it names a wildcard in all namespaces.
import { memo } from '../../lib/memo.ts';
import { stableMap } from '../../lib/stable-table.ts';
import type { ListenerSight, Mesh, Sight, Sights } from '../../model/mesh.ts';
import type { ProxyGroup } from '../../model/proxy.ts';
import type { EgressListener, Scope } from '../../model/scope.ts';
import { inOrder, type Service, serviceAt } from '../../model/service.ts';
import { restrictedServices } from '../../model/visibility.ts';
import type { RoutingRule } from './delegates.ts';
import { isExportedTo } from './exports.ts';
import { type Imports, importsOf, isImported } from './imports.ts';
import { RouteCalls, resolveRoutes, rulesOfSidecars } from './virtual-services.ts';

type Services = Mesh['services'];
type Rules = readonly RoutingRule[];
type Part = Pick<Sight, 'services' | 'routes' | 'listeners'>;

const servicesByNamespace = memo((services: Services) => Map.groupBy(services.values(), ({ namespace }) => namespace));
const rulesByNamespace = memo((rules: Rules) => Map.groupBy(rules, ({ source }) => source.namespace));

function importedServices({ included, excluded }: Imports, services: Services, namespace: string): readonly Service[] {
  const found = [...included].flatMap(([from, { exact, endings }]) => {
    const named = [...exact].flatMap((host) => services.get(host) ?? []);
    const pool = from === '*' ? [...services.values()] : (servicesByNamespace(services).get(from) ?? []);
    const covered = endings.length === 0 ? [] : pool.filter(({ host }) => endings.some((each) => host.endsWith(each)));
    return [...named.filter((each) => from === '*' || each.namespace === from), ...covered];
  });
  const all = { included, excluded };
  return found.filter((each) => isExportedTo(each, namespace) && isImported(all, each.namespace, each.host));
}

/** A rule is imported with all its hosts if one of them is. */
function importedRules(imports: Imports, rules: Rules, namespace: string): Rules {
  const pools = imports.included.has('*')
    ? [rules]
    : [...imports.included.keys()].map((from) => rulesByNamespace(rules).get(from) ?? []);
  return pools
    .flat()
    .filter(
      ({ source }) =>
        isExportedTo(source, namespace) && source.hosts.some(({ host }) => isImported(imports, source.namespace, host)),
    );
}

const destinationsOf = memo(({ routes, source }: RoutingRule): readonly string[] => {
  const forwards = routes.flatMap(({ action }) =>
    action.kind === 'forward' ? [...action.shares, ...action.mirrors].map((each) => each.destination.host) : [],
  );
  return [
    ...new Set([
      ...forwards,
      ...source.connections.flatMap(({ shares }) => shares.map((each) => each.destination.host)),
    ]),
  ];
});

/** A service as one listener brings it in; of one with a port that port alone. */
interface Imported {
  readonly service: Service;
  readonly port: number | null;
}

interface Brought {
  readonly listener: EgressListener;
  readonly services: readonly Imported[];
  readonly rules: Rules;
}

/** Another name comes with the service that it stands for, and a rule with the services that it leads to. */
function bring(listener: EgressListener, services: Services, rules: Rules, namespace: string): Brought {
  const imports = importsOf(listener, namespace);
  const own = importedServices(imports, services, namespace);
  const routed = importedRules(imports, rules, namespace);
  const led = routed.flatMap(destinationsOf).flatMap((host) => services.get(host) ?? []);
  const reached = [...own, ...led].flatMap(({ host }) => serviceAt(services, host) ?? []);
  const whole = [...led, ...reached.filter((each) => !own.includes(each) || led.includes(each))];
  return {
    listener,
    rules: routed,
    services: [
      ...own.map((service) => ({ service, port: listener.port })),
      ...whole.filter((each) => isExportedTo(each, namespace)).map((service) => ({ service, port: null })),
    ],
  };
}

/** `ports` is a list joined by spaces, so that equal lists are one key. */
const withPorts = memo((service: Service, ports: string): Service => {
  const wanted = new Set(ports.split(' ').map(Number));
  return { ...service, ports: service.ports.filter(({ number }) => wanted.has(number)) };
});

function trimmed(imported: readonly Imported[]): Service | undefined {
  const [first] = imported;
  if (first === undefined || imported.some(({ port }) => port === null)) return first?.service;
  const ports = [...new Set(imported.map(({ port }) => Number(port)))].sort((a, b) => a - b);
  const { service } = first;
  return service.ports.every(({ number }) => ports.includes(number)) ? service : withPorts(service, ports.join(' '));
}

function merged(all: readonly Imported[]): Services {
  const byHost = Map.groupBy(all, ({ service }) => service.host);
  const services = [...byHost.values()].flatMap((group) => trimmed(group) ?? []);
  return new Map(services.sort(inOrder).map((each) => [each.host, each] as const));
}

/** What was found last, so that what is the same stays the same. */
interface Last {
  services: Services;
  routes: Mesh['routes'];
  readonly calls: RouteCalls;
}

const withoutScope = {};
const lastOf = memo(
  (_scope: object, _namespace: string): Last => ({ services: new Map(), routes: new Map(), calls: new RouteCalls() }),
);

const identical = (a: unknown, b: unknown): boolean => a === b;

function settled(last: Last, services: Services, rules: Rules, listeners: readonly ListenerSight[] | null): Part {
  last.services = stableMap(last.services, services, identical);
  last.routes = stableMap(last.routes, resolveRoutes(last.services, rulesOfSidecars(rules), last.calls), identical);
  return { services: last.services, routes: last.routes, listeners };
}

function proxyOf({ outbound }: Scope, services: Services): readonly Imported[] {
  const service = outbound?.kind === 'egress-proxy' ? services.get(outbound.destination.host) : undefined;
  return service === undefined ? [] : [{ service, port: null }];
}

/** Nothing but a listener for all ports, as usual, is no listener of its own. */
function listenersOf(brought: readonly Brought[]): readonly ListenerSight[] | null {
  const usual = ({ listener }: Brought): boolean =>
    listener.port === null && listener.bind === null && listener.capture === 'as-proxy';
  if (brought.length === 1 && brought.every(usual)) return null;
  return brought.map(({ listener, services }) => ({
    listener,
    hosts: new Set(services.map(({ service }) => service.host)),
  }));
}

const scoped = memo((services: Services, rules: Rules, scope: Scope, namespace: string): Part => {
  const brought = scope.egress.map((listener) => bring(listener, services, rules, namespace));
  const known = merged([...brought.flatMap((each) => each.services), ...proxyOf(scope, services)]);
  const routed = [...new Set(brought.flatMap((each) => each.rules))];
  return settled(lastOf(scope, namespace), known, routed, listenersOf(brought));
});

const unscoped = memo((services: Services, rules: Rules, namespace: string): Part => {
  const known = new Map([...services].filter(([, service]) => isExportedTo(service, namespace)));
  return settled(lastOf(withoutScope, namespace), known, rules, null);
});

/** Looks up what clients know of these services and rules. */
export function sightsOf(services: Services, rules: Rules): Sights {
  return {
    of: (namespace, scope) => {
      if (scope !== null) return scoped(services, rules, scope, namespace);
      const hides = restrictedServices(services).some((service) => !isExportedTo(service, namespace));
      return hides ? unscoped(services, rules, namespace) : null;
    },
  };
}

/** What proxies of a group know of the mesh. */
export function sightOf(mesh: Mesh, { namespace, scope }: ProxyGroup): Sight {
  const { services, policies, routes, gateways, endpoints } = mesh;
  const part = mesh.sights.of(namespace, scope) ?? { services, routes, listeners: null };
  return { ...part, policies, gateways, endpoints, all: services };
}
