// Connections to headless services: the caller chooses the address, so each endpoint's has a listener of its own, which
// is where rules for the service can hold.
import type { XdsResource } from '../../envoy/resource.ts';
import { internList } from '../../lib/intern.ts';
import { memo } from '../../lib/memo.ts';
import { type Diagnostic, diagnose } from '../../model/diagnostic.ts';
import type { Endpoint } from '../../model/endpoint.ts';
import type { Mesh } from '../../model/mesh.ts';
import type { ProxyGroup } from '../../model/proxy.ts';
import { emitOutbound } from './listener.ts';
import {
  type CalledPort,
  type CalledService,
  isAnonymous,
  type ListenerPlan,
  listenerName,
  sniffedRouteName,
} from './plan-listeners.ts';
import { emitSniffedRoutes } from './route.ts';
import { planRoutes, type RouteSource } from './route-plan.ts';

export interface HeadlessResources {
  readonly listeners: readonly XdsResource[];
  readonly routes: readonly XdsResource[];
  readonly diagnostics: readonly Diagnostic[];
}

const nothing: HeadlessResources = { listeners: [], routes: [], diagnostics: [] };

/** The ports whose callers choose the address; mostly there are none. */
const anonymousPorts = memo(({ ports }: CalledService): readonly CalledPort[] => ports.filter(isAnonymous));

type Plans = ReadonlyMap<string, ListenerPlan>;

/** What was planned last for a port, by address: endpoints come and go, and only those of now are asked for. */
const lastPlans = memo((_called: CalledPort): { from: readonly Endpoint[] | null; plans: Plans } => ({
  from: null,
  plans: new Map(),
}));

function planFor(called: CalledPort, bind: string): ListenerPlan {
  const { service, port } = called;
  const routeName = port.protocol === 'auto' ? sniffedRouteName(service, port.number) : null;
  return { bind, port: port.number, bound: port.number, routeName, tcp: called, matched: [], called: [called] };
}

/** A listener per address. One that is not ready is there as well: peers of a cluster find each other before they are. */
function plansOf(called: CalledPort, endpoints: readonly Endpoint[]): Plans {
  const last = lastPlans(called);
  if (last.from === endpoints) return last.plans;
  const addresses = [...new Set(endpoints.map(({ address }) => address))];
  last.plans = new Map(addresses.map((each) => [each, last.plans.get(each) ?? planFor(called, each)]));
  last.from = endpoints;
  return last.plans;
}

const noEndpoints: readonly Endpoint[] = [];

interface AllPlans {
  readonly plans: readonly ListenerPlan[];
  readonly diagnostics: readonly Diagnostic[];
}

function collision({ port }: CalledPort, { service }: CalledPort): Diagnostic {
  const message = `port ${port.number}: ${service.host} has listeners at endpoints of this service already, so connections to these count as its own`;
  return diagnose('SLC0401', port.origin, message);
}

/** Of services that have the same address and port the first has the listener; both lead to the same place. */
function plansOfAll(ports: readonly CalledPort[], endpoints: Mesh['endpoints']): AllPlans {
  const plans = new Map<string, ListenerPlan>();
  const diagnostics: Diagnostic[] = [];
  for (const called of ports) {
    const found = endpoints.get(called.service.host)?.get(called.port.name) ?? noEndpoints;
    const winners = new Set<CalledPort>();
    for (const plan of plansOf(called, found).values()) {
      const name = listenerName(plan.bind, plan.port);
      const taken = plans.get(name)?.tcp ?? null;
      if (taken === null) plans.set(name, plan);
      else winners.add(taken);
    }
    diagnostics.push(...[...winners].map((winner) => collision(called, winner)));
  }
  return { plans: [...plans.values()], diagnostics };
}

function routesOf(plans: readonly ListenerPlan[], source: RouteSource, group: ProxyGroup): readonly XdsResource[] {
  const sniffed = new Set(plans.flatMap(({ routeName, tcp }) => (routeName === null || tcp === null ? [] : [tcp])));
  return [...sniffed].map((called) => {
    const { service, port } = called;
    const plan = planRoutes(source, service.host, port.number, group);
    return emitSniffedRoutes(sniffedRouteName(service, port.number), called, plan);
  });
}

/** The listeners of captured sidecars, and the routes that these name. Equal lists are one list. */
export const emitHeadless = memo(
  (called: CalledService, endpoints: Mesh['endpoints'], source: RouteSource, group: ProxyGroup): HeadlessResources => {
    const ports = anonymousPorts(called);
    if (ports.length === 0) return nothing;
    const { plans, diagnostics } = plansOfAll(ports, endpoints);
    const listeners = internList(plans.map((plan) => emitOutbound(plan, source, group)));
    return { listeners, routes: internList(routesOf(plans, source, group)), diagnostics };
  },
);
