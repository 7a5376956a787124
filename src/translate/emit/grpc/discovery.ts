// Where a gRPC client finds endpoints: it takes them by EDS, and looks one name up (gRFC A37).
import type { JsonObject } from '../../../lib/json.ts';
import { type Diagnostic, diagnose } from '../../../model/diagnostic.ts';
import type { Endpoint } from '../../../model/endpoint.ts';
import { anywhere } from '../../../model/endpoint-view.ts';
import { at } from '../../../model/origin.ts';
import type { Service } from '../../../model/service.ts';
import { type ClusterPlan, isRefused } from '../cluster-plan.ts';
import { adsSource } from '../discovery.ts';
import { assignment } from '../endpoints.ts';

const none: readonly Endpoint[] = [];

/** The only name that is to be looked up; null: there is none, or more than one. */
function onlyName(plan: ClusterPlan): JsonObject | null {
  const endpoints = plan.named?.endpoints.get(plan.port.name) ?? none;
  if (isRefused(plan) || endpoints.length !== 1) return null;
  const made = assignment(plan, endpoints, anywhere);
  return (made['endpoints'] as readonly JsonObject[]).length === 1 ? made : null;
}

/** The fields of a cluster that say where its endpoints are. */
export function grpcDiscovery(plan: ClusterPlan): JsonObject {
  const looked = onlyName(plan);
  if (looked !== null) return { type: 'LOGICAL_DNS', load_assignment: looked };
  return { type: 'EDS', eds_cluster_config: { service_name: plan.name, eds_config: adsSource } };
}

function isLost({ named, port }: ClusterPlan, { resolution }: Service): boolean {
  if (named !== null) return (named.endpoints.get(port.name) ?? none).length > 1;
  return resolution.kind === 'original' || resolution.kind === 'dynamic-dns';
}

/** Services that gRPC clients cannot find. */
export function reportUnfound(plans: readonly ClusterPlan[]): readonly Diagnostic[] {
  const lost = new Set(plans.filter((plan) => isLost(plan, plan.service)).map(({ service }) => service));
  return [...lost].map(({ host, origin }) => {
    const message = `gRPC clients know endpoints with addresses, or look one name up; they have nowhere to call ${host}`;
    return diagnose('SLC0405', at(origin, 'spec', 'resolution'), message);
  });
}
