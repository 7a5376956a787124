// Which clusters there are: decided before any is written out.
import type { MutualTls } from '../../model/client-tls.ts';
import { type Ordering, orderingOf } from '../../model/locality-lb.ts';
import { outboundCluster } from '../../model/names.ts';
import type { ObjectId } from '../../model/object.ts';
import type { ServicePolicy, Subset } from '../../model/policy.ts';
import type { PortPolicy } from '../../model/port-policy.ts';
import type { Interception } from '../../model/proxy.ts';
import { isNamed, type NameResolution, type Service, type ServicePort } from '../../model/service.ts';

/** One cluster to be made: a port of a service, whole or one subset of it. */
export interface ClusterPlan {
  readonly name: string;
  readonly service: Service;
  readonly port: ServicePort;
  readonly subset: Subset | null;
  readonly policy: PortPolicy;
  readonly rules: readonly ObjectId[];
  /** What endpoints are weighed or ordered by; null: they are alike for all clients. */
  readonly ordering: Ordering | null;
  /** Whether endpoints come by EDS; else connections go where the caller addressed them, or where names lead. */
  readonly eds: boolean;
  /** Endpoints that are looked up by name; null: there are none such. */
  readonly named: NameResolution | null;
  /** Null where nobody calls the service by the certificates of the mesh. */
  readonly mutual: MutualTls | null;
}

/** Whether what a rule asks for cannot be done, and anything else would be worse than nothing. */
export const isRefused = ({ policy }: Pick<ClusterPlan, 'policy'>): boolean => policy.tls?.kind === 'refused';

/** Whether each request names the host that it goes to. */
export const isDynamic = ({ service, policy }: Pick<ClusterPlan, 'service' | 'policy'>): boolean =>
  service.resolution.kind === 'dynamic-dns' && !isRefused({ policy });

/** A headless service's caller chooses the endpoint, as long as something tells Envoy which one that was. */
function balanced(service: Service, policy: PortPolicy, interception: Interception): boolean {
  if (isRefused({ policy })) return false;
  if (interception === 'NONE') return true;
  const { kind } = service.resolution;
  return kind !== 'passthrough' && kind !== 'original' && policy.lb.kind !== 'passthrough';
}

const noRules: readonly ObjectId[] = [];

const orderingFor = ({ nearness }: Service, { locality, outlierDetection }: PortPolicy): Ordering | null =>
  orderingOf({ setting: locality, nearness, detects: outlierDetection !== null });

/**
 * Percent of good endpoints below which all are called. A service that asks for those near by asks for the good ones
 * among them, or it would never fail over.
 */
export function panicThreshold({ service, policy }: Pick<ClusterPlan, 'service' | 'policy'>): number {
  return service.nearness === null ? (policy.outlierDetection?.minHealthPercent ?? 0) : 0;
}

export function planCluster(
  service: Service,
  port: ServicePort,
  policy: PortPolicy,
  bound: ServicePolicy | null,
  subset: Subset | null,
  interception: Interception,
): ClusterPlan {
  const name = outboundCluster(port.number, subset?.name ?? '', service.host);
  const balances = balanced(service, policy, interception);
  const named = balances && isNamed(service.resolution) ? service.resolution : null;
  const eds = balances && named === null && !isDynamic({ service, policy });
  const mutual = bound?.mutual ?? null;
  const ordering = eds || named !== null ? orderingFor(service, policy) : null;
  const rules = bound?.rules ?? noRules;
  return { name, service, port, subset, policy, rules, ordering, eds, named, mutual };
}
