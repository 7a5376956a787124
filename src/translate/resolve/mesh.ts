// Objects → mesh: references bound, policies chosen, and every part that did not change the same object as before.
import { Decoder } from '../../crds/decoder.ts';
import type { TypedObjects } from '../../crds/index.ts';
import type { Node } from '../../crds/node.ts';
import type { Service as TypedService } from '../../crds/service.ts';
import { LastCalls } from '../../lib/last-calls.ts';
import { lazy } from '../../lib/memo.ts';
import { StableTable, stableList, stableMap } from '../../lib/stable-table.ts';
import { TrackedCalls } from '../../lib/tracked-calls.ts';
import type { Diagnostic, Outcome } from '../../model/diagnostic.ts';
import type { ServiceEndpoints } from '../../model/endpoint.ts';
import type { Mesh, Workload } from '../../model/mesh.ts';
import type { MeshDefaults } from '../../model/mesh-defaults.ts';
import { meshDefaults } from '../../model/mesh-defaults.ts';
import type { ObjectSet } from '../../model/object.ts';
import type { PolicyChoice } from '../../model/policy.ts';
import type { RouteChoice } from '../../model/route.ts';
import type { Service } from '../../model/service.ts';
import { resolveAuthorization } from './authorization.ts';
import { CalleeIndex } from './callees.ts';
import { type DelegateCalls, type RoutingRule, resolveDelegates } from './delegates.ts';
import { EndpointResolver } from './endpoint-resolver.ts';
import { withEntryExports, withExports } from './exports.ts';
import { checkGateways, type GatewayCalls, resolveGateways } from './gateways.ts';
import { choosesPods, MemberIndex, takesMutualTls } from './members.ts';
import { type NameCalls, nameServices } from './named-services.ts';
import { resolvePeerAuthentications } from './peer-authentications.ts';
import { PolicyCalls, resolvePolicies } from './policies.ts';
import { type CheckCalls, checkRoutes } from './route-checks.ts';
import { type MergeCalls, mergeRules } from './rules.ts';
import { ServedIndex } from './served.ts';
import { resolveServices } from './services.ts';
import { resolveScopes } from './sidecars.ts';
import { sightsOf } from './sight.ts';
import { silentFailover } from './silent-failover.ts';
import { unnamedEndpoints } from './unnamed-endpoints.ts';
import { RouteCalls, resolveRoutes, rulesOfSidecars } from './virtual-services.ts';
import { resolveWorkloads } from './workloads.ts';

/** Routes, and the rules that they come from. */
interface Routing extends Outcome<Pick<Mesh, 'routes' | 'gateways'>> {
  readonly rules: readonly RoutingRule[];
}

const sameEndpoints = (a: ServiceEndpoints, b: ServiceEndpoints): boolean => stableMap(a, b) === a;

/** Resolves one object set after another; keeps of the last one what is still true. */
export class MeshResolver {
  readonly #allowLoopback: boolean;
  readonly #decoder = new Decoder();
  readonly #services = new StableTable<string, Service>();
  readonly #workloads = new StableTable<string, Workload>();
  readonly #endpoints = new StableTable<string, ServiceEndpoints>(sameEndpoints);
  readonly #policies = new StableTable<string, PolicyChoice>();
  readonly #routes = new StableTable<string, RouteChoice>();
  readonly #endpointResolver = new EndpointResolver();
  readonly #mergeCalls: MergeCalls = new LastCalls();
  readonly #policyCalls = new PolicyCalls();
  readonly #members = new MemberIndex();
  readonly #nameCalls: NameCalls = new LastCalls();
  readonly #callees = new CalleeIndex();
  readonly #delegateCalls: DelegateCalls = new LastCalls();
  readonly #routeCalls = new RouteCalls();
  readonly #checkCalls: CheckCalls = new TrackedCalls();
  readonly #gatewayCalls: GatewayCalls = new LastCalls();
  readonly #served = new ServedIndex();
  readonly #stages = new LastCalls<string, unknown>();
  #lastTyped: TypedObjects | undefined;

  constructor(options: { readonly allowLoopbackEndpoints: boolean }) {
    this.#allowLoopback = options.allowLoopbackEndpoints;
  }

  resolve(objects: ObjectSet): Outcome<Mesh> {
    const { value: decoded, diagnostics: decoding } = this.#decoder.decode(objects);
    const { defaults, ...typed } = withDefaults(this.#typed(decoded));
    const { services: own, serviceEntries: entries } = typed;
    const claimed = this.#stage('services', [own, entries], () => resolveServices(own, entries));
    const nodes = this.#stage('nodes', [typed.nodes], () => byName(typed.nodes));
    const workloads = this.#workloads.update(
      this.#stage('workloads', [typed.pods, nodes], () => resolveWorkloads(typed.pods, nodes)),
    );
    const members = this.#findMembers(typed, claimed.value, workloads);
    const services = this.#stage('names', [claimed, members.named], () =>
      nameServices(claimed, members.named, this.#allowLoopback, this.#nameCalls),
    );
    const protection = this.#protection(typed, defaults);
    const { peers } = protection.value;
    const { slices } = typed;
    const found = { services: services.value, slices, workloads, nodes, members: members.sent, peers };
    const endpoints = this.#stage('endpoints', [services, slices, workloads, nodes, members.sent, peers], () =>
      this.#endpointResolver.resolve({ ...found, allowLoopback: this.#allowLoopback }),
    );
    const merged = this.#stage('rules', [typed.rules], () => mergeRules(typed.rules, this.#mergeCalls));
    const injected = takesMutualTls(members, services.value);
    const called = [services.value, endpoints.value, workloads, merged.value, peers, injected] as const;
    const callees = this.#callees.of(defaults, ...called);
    const policies = this.#stage('policies', [services, merged, callees, defaults], () =>
      resolvePolicies(services.value, merged.value, callees, defaults, this.#policyCalls),
    );
    const routes = this.#resolveRoutes(typed, services, policies);
    const scopes = this.#stage('scopes', [typed.sidecars, defaults.rootNamespace, services, routes.rules], () =>
      resolveScopes(typed.sidecars, defaults.rootNamespace, services.value, routes.rules),
    );
    const remarks = this.#remarks(services, policies, endpoints);
    this.#stages.endRound();
    const stages = [services, endpoints, merged, policies, routes, scopes, protection];
    const [known, current] = [services.value, endpoints.value];
    const parts = { services: known, policies: policies.value, ...routes.value, endpoints: current, workloads };
    const around = { scopes: scopes.value, defaults, ...protection.value };
    const value = this.#mesh({ ...parts, ...around }, routes.rules);
    return { value, diagnostics: [decoding, ...stages.map((stage) => stage.diagnostics), remarks].flat() };
  }

  #remarks(
    services: Outcome<ReadonlyMap<string, TypedService>>,
    policies: Outcome<Mesh['policies']>,
    endpoints: Outcome<Mesh['endpoints']>,
  ): readonly Diagnostic[] {
    const silent = this.#stage('silent failover', [services, policies, endpoints], () =>
      silentFailover(services.value, policies.value, endpoints.value),
    );
    const unnamed = this.#stage('unnamed endpoints', [policies, endpoints], () =>
      unnamedEndpoints(policies.value, endpoints.value),
    );
    return [...silent, ...unnamed];
  }

  #protection(
    { peerAuthentications, authorizationPolicies }: TypedObjects,
    { rootNamespace: root, proxy: { trustDomains } }: MeshDefaults,
  ): Outcome<Pick<Mesh, 'peers' | 'authorization'>> {
    const { value: peers, diagnostics } = this.#stage('peer authentications', [peerAuthentications, root], () =>
      resolvePeerAuthentications(peerAuthentications, root),
    );
    const authorization = this.#stage('authorization', [authorizationPolicies, root, trustDomains], () =>
      resolveAuthorization(authorizationPolicies, root, trustDomains),
    );
    return { value: { peers, authorization }, diagnostics };
  }

  #findMembers(typed: TypedObjects, services: ReadonlyMap<string, TypedService>, workloads: Mesh['workloads']) {
    const { workloadEntries, pods } = typed;
    const inputs = { services, workloadEntries, pods, workloads };
    // Pods come and go; mostly no ServiceEntry chooses any.
    const behind = choosesPods(services) ? [pods, workloads] : [];
    return this.#stage('members', [services, workloadEntries, ...behind], () => this.#members.of(inputs));
  }

  #resolveRoutes(
    { virtualServices, gateways }: TypedObjects,
    services: Outcome<ReadonlyMap<string, TypedService>>,
    policies: Outcome<Mesh['policies']>,
  ): Routing {
    const rules = this.#stage('delegates', [virtualServices], () => {
      const resolved = resolveDelegates(virtualServices, this.#delegateCalls);
      return { ...resolved, byPattern: rulesOfSidecars(resolved.value) };
    });
    const routes = this.#stage('routes', [services, rules], () =>
      resolveRoutes(services.value, rules.byPattern, this.#routeCalls),
    );
    const checks = this.#stage('route checks', [services, rules, policies], () =>
      checkRoutes(rules.value, rules.byPattern, services.value, policies.value, this.#checkCalls),
    );
    const bound = this.#stage('gateways', [gateways, rules], () =>
      resolveGateways(gateways, rules.value, this.#gatewayCalls),
    );
    const meetings = this.#stage('gateway checks', [services, rules, bound], () =>
      checkGateways(rules.value, bound, services.value),
    );
    const diagnostics = [...rules.diagnostics, ...checks, ...meetings];
    return { value: { routes, gateways: bound }, rules: rules.value, diagnostics };
  }

  #mesh(parts: Omit<Mesh, 'served' | 'sights'>, rules: readonly RoutingRule[]): Mesh {
    const [services, endpoints] = [this.#services.update(parts.services), this.#endpoints.update(parts.endpoints)];
    // Found when a captured sidecar asks first.
    const served = lazy(() => this.#served.of(services, endpoints));
    return {
      ...parts,
      services,
      policies: this.#policies.update(parts.policies),
      routes: this.#routes.update(parts.routes),
      endpoints,
      sights: sightsOf(services, rules),
      get served() {
        return served();
      },
    };
  }

  /** The lists of the last round where they hold the same values. */
  #typed(next: TypedObjects): TypedObjects {
    const kinds = Object.keys(next) as (keyof TypedObjects)[];
    const stable = kinds.map((kind) => [kind, stableList<unknown>(this.#lastTyped?.[kind], next[kind])] as const);
    this.#lastTyped = Object.fromEntries(stable) as unknown as TypedObjects;
    return this.#lastTyped;
  }

  /** One stage of the work, skipped while all that goes into it is what it was. */
  #stage<V>(name: string, inputs: readonly unknown[], compute: () => V): V {
    return this.#stages.run(name, inputs, compute) as V;
  }
}

/** The objects, where they do not say to whom they are exported, as the mesh has it. */
function withDefaults(typed: TypedObjects): TypedObjects & Pick<Mesh, 'defaults'> {
  const defaults = typed.meshConfigs[0] ?? meshDefaults;
  const { services, rules, routes } = defaults.exportTo;
  return {
    ...typed,
    defaults,
    services: withExports(typed.services, services),
    serviceEntries: withEntryExports(typed.serviceEntries, services),
    rules: withExports(typed.rules, rules),
    virtualServices: withExports(typed.virtualServices, routes),
  };
}

function byName(nodes: readonly Node[]): ReadonlyMap<string, Node> {
  return new Map(nodes.map((node) => [node.name, node] as const));
}
