// What gateways listen for, and the routes behind it.
import type { XdsResource } from '../../envoy/resource.ts';
import { memo } from '../../lib/memo.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { Gateway } from '../../model/gateway.ts';
import type { ProxyGroup } from '../../model/proxy.ts';
import { emitGatewayListener } from './gateway-listener.ts';
import { type GatewayListener, type PlacedServer, planGatewayListeners } from './gateway-plan.ts';
import { emitGatewayRoutes, routeNameOf } from './gateway-routes.ts';
import { endedTls } from './gateway-tls.ts';
import type { RouteSource } from './route-plan.ts';

export interface GatewayResources {
  readonly listeners: readonly XdsResource[];
  readonly routes: readonly XdsResource[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Whether requests are read in it: with TLS only where the gateway ends that. */
function readsRequests({ server }: PlacedServer, group: ProxyGroup): boolean {
  if (server.protocol !== 'http') return false;
  return server.tls === null || endedTls(server, group.certificates.server) !== null;
}

function emitRoutes(listener: GatewayListener, source: RouteSource, group: ProxyGroup): readonly XdsResource[] {
  const reading = listener.servers.filter((each) => readsRequests(each, group));
  const byName = Map.groupBy(reading, (each) => routeNameOf(listener, each));
  return [...byName].map(([name, servers]) => emitGatewayRoutes(name, servers, source, group));
}

/** What proxies of a group get for the gateways that they serve; the list is what it is remembered by. */
export const emitGateways = memo(
  (gateways: readonly Gateway[], source: RouteSource, group: ProxyGroup): GatewayResources => {
    const plans = planGatewayListeners(gateways, group);
    const made = plans.value.map((plan) => emitGatewayListener(plan, source, group));
    return {
      listeners: made.flatMap(({ listener }) => listener ?? []),
      routes: plans.value.flatMap((plan) => emitRoutes(plan, source, group)),
      diagnostics: [...plans.diagnostics, ...made.flatMap(({ diagnostics }) => diagnostics)],
    };
  },
);
