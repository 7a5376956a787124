// Gateway (networking.istio.io): what proxies at the edge of the mesh listen for.
import type { Labels } from '../../model/endpoint.ts';
import type { GatewayServer } from '../../model/gateway.ts';
import { type Origin, originOf } from '../../model/origin.ts';
import { inside, list, object, report, type Spot, selector } from '../values/decode.ts';
import { kind } from '../values/kind.ts';
import type { Metadata } from '../values/metadata.ts';
import { server } from './server.ts';

export interface Gateway {
  readonly namespace: string;
  readonly name: string;
  readonly created: number | null;
  /** Of the workloads that serve it; none: all gateways. Null: it is of no use, and nobody serves it. */
  readonly selector: Labels | null;
  readonly servers: readonly GatewayServer[];
  readonly origin: Origin;
}

const spec = object({ selector, servers: list(server) });
type Spec = NonNullable<ReturnType<typeof spec>>;

/** A route configuration is named by the port's name, so that each can stand for one server alone. */
function uniquePorts(servers: readonly GatewayServer[], { diagnostics }: Spot): readonly GatewayServer[] {
  const names = new Set<string>();
  return servers.filter(({ portName, origin }) => {
    if (!names.has(portName)) return names.add(portName);
    const message = `another server's port is named "${portName}" already, so this server is left out`;
    report(inside({ origin, diagnostics }, 'port', 'name'), 'SLC0223', message);
    return false;
  });
}

const nobody: Labels = new Map();

function build(metadata: Metadata, decoded: Spec, written: boolean, spot: Spot): Gateway {
  const { servers = [], selector } = decoded;
  if (servers.length === 0) report(inside(spot, 'spec'), 'SLC0104', 'at least one server is required');
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    created: metadata.created,
    selector: selector ?? (written ? null : nobody),
    servers: uniquePorts(servers, spot),
    origin: originOf(metadata.id),
  };
}

export const gatewayKind = kind(
  {
    group: 'networking.istio.io',
    kind: 'Gateway',
    versions: ['v1', 'v1beta1', 'v1alpha3'],
    required: ['spec'],
    body: { spec },
  },
  (metadata, { spec: decoded }, spot) => decoded && build(metadata, decoded, 'selector' in decoded, spot),
);
