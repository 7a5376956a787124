// Objects → mesh: references bound, policies chosen, and every part that did not change the same object as before.
import { decodeObjects } from '../../crds/index.ts';
import { LastCalls } from '../../lib/last-calls.ts';
import { memo } from '../../lib/memo.ts';
import { StableTable, stableMap } from '../../lib/stable-table.ts';
import type { Outcome } from '../../model/diagnostic.ts';
import type { ServiceEndpoints } from '../../model/endpoint.ts';
import type { Mesh, ServedPort, Workload } from '../../model/mesh.ts';
import type { ObjectSet } from '../../model/object.ts';
import type { PolicyChoice } from '../../model/policy.ts';
import { isProxied, type Service } from '../../model/service.ts';
import { type EndpointCalls, resolveEndpoints } from './endpoints.ts';
import { type PolicyCalls, resolvePolicies } from './policies.ts';
import { type MergeCalls, mergeRules } from './rules.ts';
import { resolveServices } from './services.ts';
import { resolveWorkloads } from './workloads.ts';

/** What each workload serves, by its address. Found when a captured sidecar asks first. */
const servedBy = memo(
  (services: Mesh['services'], endpoints: Mesh['endpoints']): ReadonlyMap<string, readonly ServedPort[]> => {
    const served = new Map<string, ServedPort[]>();
    for (const service of services.values()) {
      for (const port of service.ports.filter(({ protocol }) => isProxied(protocol))) {
        for (const { address, port: targetPort } of endpoints.get(service.host)?.get(port.name) ?? []) {
          const { name, namespace, host } = service;
          const entry = { name, namespace, host, port: port.number, protocol: port.protocol, targetPort };
          const known = served.get(address);
          if (known === undefined) served.set(address, [entry]);
          else known.push(entry);
        }
      }
    }
    return served;
  },
);

const sameEndpoints = (a: ServiceEndpoints, b: ServiceEndpoints): boolean => stableMap(a, b) === a;

/** Resolves one object set after another; keeps of the last one what is still true. */
export class MeshResolver {
  readonly #allowLoopback: boolean;
  readonly #services = new StableTable<string, Service>();
  readonly #workloads = new StableTable<string, Workload>();
  readonly #endpoints = new StableTable<string, ServiceEndpoints>(sameEndpoints);
  readonly #policies = new StableTable<string, PolicyChoice>();
  readonly #endpointCalls: EndpointCalls = new LastCalls();
  readonly #mergeCalls: MergeCalls = new LastCalls();
  readonly #policyCalls: PolicyCalls = new LastCalls();

  constructor(options: { readonly allowLoopbackEndpoints: boolean }) {
    this.#allowLoopback = options.allowLoopbackEndpoints;
  }

  resolve(objects: ObjectSet): Outcome<Mesh> {
    const { value: typed, diagnostics: decoding } = decodeObjects(objects);
    const services = resolveServices(typed.services);
    const nodes = new Map(typed.nodes.map((node) => [node.name, node] as const));
    const workloads = resolveWorkloads(typed.pods, nodes);
    const slices = typed.slices;
    const inputs = { services: services.value, slices, workloads, nodes, allowLoopback: this.#allowLoopback };
    const endpoints = resolveEndpoints(inputs, this.#endpointCalls);
    const merged = mergeRules(typed.rules, this.#mergeCalls);
    const policies = resolvePolicies(services.value, merged.value, this.#policyCalls);
    const mesh = {
      services: this.#services.update(services.value),
      policies: this.#policies.update(policies.value),
      endpoints: this.#endpoints.update(endpoints.value),
      workloads: this.#workloads.update(workloads),
      get served() {
        return servedBy(this.services, this.endpoints);
      },
    };
    const diagnostics = [
      decoding,
      services.diagnostics,
      endpoints.diagnostics,
      merged.diagnostics,
      policies.diagnostics,
    ];
    return { value: mesh, diagnostics: diagnostics.flat() };
  }
}
