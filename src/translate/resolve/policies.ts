// Which rule holds for a service depends on who calls it; here each rule is bound to the services it names.

import type { DestinationRule } from '../../crds/destination-rule/destination-rule.ts';
import type { Service } from '../../crds/service.ts';
import { nearest } from '../../crds/values/decode.ts';
import { memo } from '../../lib/memo.ts';
import { StableTable, stableList } from '../../lib/stable-table.ts';
import { TrackedCalls } from '../../lib/tracked-calls.ts';
import type { MutualTls } from '../../model/client-tls.ts';
import { type Diagnostic, diagnose, type Outcome } from '../../model/diagnostic.ts';
import { hashStepsOf } from '../../model/lb-policy.ts';
import { type MeshDefaults, meshDefaults, type PortDefaults } from '../../model/mesh-defaults.ts';
import { clusterDomain } from '../../model/names.ts';
import { at } from '../../model/origin.ts';
import type { PolicyChoice, SelectedPolicy, ServicePolicy } from '../../model/policy.ts';
import { defaultPortPolicy, type PortPolicy } from '../../model/port-policy.ts';
import { type Callees, mutualTlsOf } from './callees.ts';
import { policyOfPort, policyOfSubset, withNames, withPortDefaults } from './port-policy.ts';
import { type MergedRule, ruleIds } from './rules.ts';
import { uselessSettings } from './useless-settings.ts';

type Services = ReadonlyMap<string, Service>;
type ByPattern = ReadonlyMap<string, readonly MergedRule[]>;
type Identities = Callees['identities'];
/** Whether some Pods are called by mutual TLS; empty: nobody is. */
type Auto = ReadonlyMap<'auto', Pick<Callees, 'auto' | 'peers'>>;

/** What the mesh says besides rules; null: nothing. */
interface Around {
  readonly mutual: MutualTls | null;
  readonly ports: PortDefaults | null;
}

const around = memo((ports: PortDefaults | null, mutual: MutualTls | null): Around => ({ ports, mutual }));
const alone = around(null, null);

const completed = (policy: PortPolicy, { nearness }: Service, { ports }: Around): PortPolicy =>
  ports === null ? policy : withPortDefaults(policy, ports, nearness !== null);

/** A merged rule bound to a service: the policy of each of its ports, whole and per subset. */
const bind = memo((service: Service, rule: MergedRule, mesh: Around): ServicePolicy => {
  const numbers = service.ports.map((port) => port.number);
  const named = (policy: PortPolicy): PortPolicy => withNames(policy, service.names);
  const whole = new Map(numbers.map((port) => [port, named(policyOfPort(rule.policy, port))] as const));
  const subsets = rule.subsets.map(({ name, labels, policy }) => ({
    name,
    labels,
    ports: new Map(
      numbers.map((port) => {
        const inherited = whole.get(port) ?? defaultPortPolicy;
        return [port, completed(named(policyOfSubset(policy, port, inherited)), service, mesh)] as const;
      }),
    ),
  }));
  const ports = new Map([...whole].map(([port, policy]) => [port, completed(policy, service, mesh)] as const));
  return { rules: ruleIds(rule), ports, subsets, mutual: mesh.mutual };
});

/** Where no rule speaks of a service, but the mesh does. */
const bindNothing = memo((service: Service, mesh: Around): ServicePolicy => {
  const ports = new Map(
    service.ports.map(({ number }) => [number, completed(defaultPortPolicy, service, mesh)] as const),
  );
  return { rules: [], ports, subsets: [], mutual: mesh.mutual };
});

/** All hosts that a rule may name to cover `host`: itself, and every wildcard such as `*.example.com` above it. */
export const patternsOf = (host: string): readonly string[] => {
  const labels = host.split('.');
  return [host, ...labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`), '*'];
};

const specificity = (rule: MergedRule): number =>
  rule.host.startsWith('*') ? rule.host.length : Number.MAX_SAFE_INTEGER;

/** The most specific of the rules that `wanted` lets through; of equals the first. */
function mostSpecific(rules: readonly MergedRule[], wanted: (rule: MergedRule) => boolean): MergedRule | undefined {
  let best: MergedRule | undefined;
  for (const rule of rules) {
    if (wanted(rule) && (best === undefined || specificity(rule) > specificity(best))) best = rule;
  }
  return best;
}

/** The client's own namespace decides first, then the service's, then the root namespace. */
function select(
  candidates: readonly MergedRule[],
  service: Service,
  client: string,
  root: string,
): MergedRule | undefined {
  const visible = (rule: MergedRule): boolean => rule.exportTo.has('*') || rule.exportTo.has(client);
  return (
    mostSpecific(
      candidates,
      (rule) => rule.namespace === client && visible(rule) && (client !== root || !rule.exportTo.has('*')),
    ) ??
    mostSpecific(candidates, (rule) => rule.namespace === service.namespace && visible(rule)) ??
    mostSpecific(candidates, (rule) => rule.namespace === root && visible(rule))
  );
}

/** For clients that rules choose: the most specific host first, but none less specific than what is for all in the namespace. */
function selectedIn(
  candidates: readonly MergedRule[],
  service: Service,
  mesh: Around,
  root: string,
): readonly SelectedPolicy[] {
  const general = candidates.filter(({ selector }) => selector === null);
  const least = (namespace: string): number => {
    const rule = select(general, service, namespace, root);
    return rule?.namespace === namespace ? specificity(rule) : 0;
  };
  return candidates
    .flatMap((rule) =>
      rule.selector === null || specificity(rule) < least(rule.namespace) ? [] : [{ rule, selector: rule.selector }],
    )
    .sort((a, b) => specificity(b.rule) - specificity(a.rule))
    .map(({ rule, selector }) => ({ namespace: rule.namespace, selector, policy: bind(service, rule, mesh) }));
}

const noneSelected: readonly SelectedPolicy[] = [];

function choose(service: Service, candidates: readonly MergedRule[], mesh: Around, root: string): PolicyChoice {
  const unruled = mesh === alone ? null : bindNothing(service, mesh);
  const general = candidates.filter(({ selector }) => selector === null);
  const bound = (rule: MergedRule | undefined): ServicePolicy | null =>
    rule === undefined ? unruled : bind(service, rule, mesh);
  const named = new Set(general.flatMap((rule) => [rule.namespace, ...rule.exportTo]));
  named.delete('*');
  const byNamespace = new Map<string, ServicePolicy>();
  for (const namespace of [...named].sort()) {
    const policy = bound(select(general, service, namespace, root));
    if (policy !== null) byNamespace.set(namespace, policy);
  }
  const selected = general.length === candidates.length ? noneSelected : selectedIn(candidates, service, mesh, root);
  // No namespace has this name, so only what is exported to all counts.
  return { otherwise: bound(select(general, service, '*', root)), byNamespace, selected };
}

const noIdentities: Identities = new Map();
const nobodyAuto: Auto = new Map();
const autoOf = memo((peers: Callees['peers'], auto: boolean): Auto => new Map([['auto', { auto, peers }]]));

type Defaults = Pick<MeshDefaults, 'ports' | 'rootNamespace'>;
type ForAll = ReadonlyMap<'defaults', Defaults>;
const forAll = memo((defaults: Defaults): ForAll => new Map([['defaults', defaults]]));

/** What is kept from one resolution to the next. */
export class PolicyCalls {
  readonly byPattern = new StableTable<string, readonly MergedRule[]>((a, b) => stableList(a, b) === a);
  readonly choices = new TrackedCalls<
    string,
    Service,
    readonly [ByPattern, Identities, Auto, ForAll],
    readonly [string, PolicyChoice] | null
  >();
  readonly unbound = new TrackedCalls<MergedRule, MergedRule, readonly [Services], readonly Diagnostic[]>();
}

/** Null where no rule covers the host and the mesh says nothing either. */
function choiceFor(
  service: Service,
  byPattern: ByPattern,
  identities: Identities,
  all: Auto,
  defaults: ForAll,
): readonly [string, PolicyChoice] | null {
  const { host } = service;
  const candidates = patternsOf(host).flatMap((pattern) => byPattern.get(pattern) ?? []);
  const auto = all.get('auto');
  const mutual = auto === undefined ? null : mutualTlsOf(service, candidates, { ...auto, identities });
  const { ports, rootNamespace } = defaults.get('defaults') ?? meshDefaults;
  const mesh = around(ports, mutual);
  return candidates.length === 0 && mesh === alone ? null : [host, choose(service, candidates, mesh, rootNamespace)];
}

/** By host, for the hosts that any rule covers, or of which the mesh itself says something. */
export function resolvePolicies(
  services: Services,
  rules: readonly MergedRule[],
  callees: Callees | null,
  defaults: Defaults,
  calls: PolicyCalls,
): Outcome<ReadonlyMap<string, PolicyChoice>> {
  const byPattern = calls.byPattern.update(Map.groupBy(rules, (rule) => rule.host));
  const auto = callees === null ? nobodyAuto : autoOf(callees.peers, callees.auto);
  const tables = [byPattern, callees?.identities ?? noIdentities, auto, forAll(defaults)] as const;
  const value = calls.choices.round(tables, (run) => {
    const byHost = new Map<string, PolicyChoice>();
    for (const [host, service] of services) {
      const choice = run(host, service, choiceFor);
      if (choice !== null) byHost.set(...choice);
    }
    return byHost;
  });
  const diagnostics = calls.unbound.round([services], (run) => rules.flatMap((rule) => run(rule, rule, unbound)));
  return { value, diagnostics };
}

/** What in a rule binds to nothing: its host, or a port that the service does not have. */
function unbound(merged: MergedRule, services: Services): readonly Diagnostic[] {
  const service = services.get(merged.host);
  if (service?.resolution.kind === 'alias') {
    const message = `${merged.host} is another name for ${service.resolution.target}: write the rule for that one`;
    return merged.rules.map((rule) => diagnose('SLC0110', at(rule.origin, 'spec', 'host'), message));
  }
  if (service !== undefined) {
    const { ports, subsets } = bind(service, merged, alone);
    return [
      ...merged.rules.flatMap((rule) => unknownPorts(rule, service)),
      ...uselessHashes(service, ports),
      ...uselessSettings(service, [ports, ...subsets.map((subset) => subset.ports)]),
    ];
  }
  if (isCovered(merged.host, services)) return [];
  const message = `no Service has the host ${merged.host}${likelyHost(merged, services)}`;
  return merged.rules.map((rule) => diagnose('SLC0201', at(rule.origin, 'spec', 'host'), message));
}

/** Whether a service has a host that this pattern covers. */
const isCovered = (pattern: string, services: Services): boolean =>
  pattern.startsWith('*') && services.keys().some((host) => host.endsWith(pattern.slice(1)));

/** Which host may have been meant. */
export function likelyHost({ host, namespace }: Pick<MergedRule, 'host' | 'namespace'>, services: Services): string {
  const name = host.split('.', 1)[0] ?? '';
  const local = `${host}.svc.${clusterDomain}`;
  if (services.has(local)) return `; write ${local}: a name with a dot is taken as it is`;
  const known = [...services.values()];
  const elsewhere = known.filter((service) => service.name === name && service.namespace !== namespace);
  if (elsewhere.length === 0) {
    return nearest(
      name,
      known.filter((service) => service.namespace === namespace).map((service) => service.name),
    );
  }
  return `; there is ${elsewhere.slice(0, 3).map(hostOf).join(', ')}`;
}

const hostOf = ({ host }: Service): string => host;

function unknownPorts({ policy, subsets }: DestinationRule, service: Service): readonly Diagnostic[] {
  const known = new Set(service.ports.map((port) => port.number));
  const policies = [...(policy === null ? [] : [policy]), ...subsets.map((subset) => subset.policy)];
  const asked = policies.flatMap(({ portOrigins }) => [...portOrigins]);
  return asked
    .filter(([port]) => !known.has(port))
    .map(([port, origin]) => {
      const message = `${service.host} has no port ${port} (it has ${[...known].join(', ') || 'none'})`;
      return diagnose('SLC0110', at(origin, 'port', 'number'), message);
    });
}

/** Keys that only a request has, on ports whose connections are not looked into. */
function uselessHashes(service: Service, ports: ServicePolicy['ports']): readonly Diagnostic[] {
  return service.ports.flatMap(({ number, protocol }) => {
    const { hash, origin, hashSteps } = ports.get(number) ?? defaultPortPolicy;
    if ((protocol !== 'tcp' && protocol !== 'tls') || hash === null || origin === null) return [];
    if (hashStepsOf({ hash, hashSteps }).some(({ key }) => key.kind === 'source-ip')) return [];
    const message = `port ${number} is not HTTP: a connection has no ${hash.kind}, so it goes to a random endpoint`;
    return [diagnose('SLC0110', at(origin, 'consistentHash'), message)];
  });
}
