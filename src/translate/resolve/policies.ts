// Which rule holds for a service depends on who calls it; here each rule is bound to the services it names.

import type { DestinationRule } from '../../crds/destination-rule/destination-rule.ts';
import type { Service } from '../../crds/service.ts';
import { nearest } from '../../crds/values/decode.ts';
import { memo } from '../../lib/memo.ts';
import { StableTable, stableList } from '../../lib/stable-table.ts';
import { TrackedCalls } from '../../lib/tracked-calls.ts';
import type { MutualTls } from '../../model/client-tls.ts';
import { type Diagnostic, diagnose, type Outcome } from '../../model/diagnostic.ts';
import { clusterDomain, rootNamespace } from '../../model/names.ts';
import { at } from '../../model/origin.ts';
import type { PolicyChoice, SelectedPolicy, ServicePolicy } from '../../model/policy.ts';
import { defaultPortPolicy, type PortPolicy } from '../../model/port-policy.ts';
import { type Callees, mutualTlsOf } from './callees.ts';
import { policyOfPort, policyOfSubset, withNames } from './port-policy.ts';
import { type MergedRule, ruleIds } from './rules.ts';
import { uselessSettings } from './useless-settings.ts';

type Services = ReadonlyMap<string, Service>;
type ByPattern = ReadonlyMap<string, readonly MergedRule[]>;
type Identities = Callees['identities'];
/** Whether some Pods are called by mutual TLS; empty: nobody is. */
type Auto = ReadonlyMap<'auto', boolean>;

/** A merged rule bound to a service: the policy of each of its ports, whole and per subset. */
const bind = memo((service: Service, rule: MergedRule, mutual: MutualTls | null): ServicePolicy => {
  const numbers = service.ports.map((port) => port.number);
  const named = (policy: PortPolicy): PortPolicy => withNames(policy, service.names);
  const whole = new Map(numbers.map((port) => [port, named(policyOfPort(rule.policy, port))] as const));
  const subsets = rule.subsets.map(({ name, labels, policy }) => ({
    name,
    labels,
    ports: new Map(
      numbers.map((port) => {
        return [port, named(policyOfSubset(policy, port, whole.get(port) ?? defaultPortPolicy))] as const;
      }),
    ),
  }));
  return { rules: ruleIds(rule), ports: whole, subsets, mutual };
});

/** Where no rule speaks of a service, but the mesh does. */
const bindNothing = memo((service: Service, mutual: MutualTls): ServicePolicy => {
  const ports = new Map(service.ports.map(({ number }) => [number, defaultPortPolicy] as const));
  return { rules: [], ports, subsets: [], mutual };
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
function select(candidates: readonly MergedRule[], service: Service, client: string): MergedRule | undefined {
  const visible = (rule: MergedRule): boolean => rule.exportTo.has('*') || rule.exportTo.has(client);
  return (
    mostSpecific(
      candidates,
      (rule) => rule.namespace === client && visible(rule) && (client !== rootNamespace || !rule.exportTo.has('*')),
    ) ??
    mostSpecific(candidates, (rule) => rule.namespace === service.namespace && visible(rule)) ??
    mostSpecific(candidates, (rule) => rule.namespace === rootNamespace && visible(rule))
  );
}

/** For clients that rules choose: the most specific host first, but none less specific than what is for all in the namespace. */
function selectedIn(
  candidates: readonly MergedRule[],
  service: Service,
  mutual: MutualTls | null,
): readonly SelectedPolicy[] {
  const general = candidates.filter(({ selector }) => selector === null);
  const least = (namespace: string): number => {
    const rule = select(general, service, namespace);
    return rule?.namespace === namespace ? specificity(rule) : 0;
  };
  return candidates
    .flatMap((rule) =>
      rule.selector === null || specificity(rule) < least(rule.namespace) ? [] : [{ rule, selector: rule.selector }],
    )
    .sort((a, b) => specificity(b.rule) - specificity(a.rule))
    .map(({ rule, selector }) => ({ namespace: rule.namespace, selector, policy: bind(service, rule, mutual) }));
}

const noneSelected: readonly SelectedPolicy[] = [];

function choose(service: Service, candidates: readonly MergedRule[], mutual: MutualTls | null): PolicyChoice {
  const unruled = mutual === null ? null : bindNothing(service, mutual);
  const general = candidates.filter(({ selector }) => selector === null);
  const bound = (rule: MergedRule | undefined): ServicePolicy | null =>
    rule === undefined ? unruled : bind(service, rule, mutual);
  const named = new Set(general.flatMap((rule) => [rule.namespace, ...rule.exportTo]));
  named.delete('*');
  const byNamespace = new Map<string, ServicePolicy>();
  for (const namespace of [...named].sort()) {
    const policy = bound(select(general, service, namespace));
    if (policy !== null) byNamespace.set(namespace, policy);
  }
  const selected = general.length === candidates.length ? noneSelected : selectedIn(candidates, service, mutual);
  // No namespace has this name, so only what is exported to all counts.
  return { otherwise: bound(select(general, service, '*')), byNamespace, selected };
}

const noIdentities: Identities = new Map();
const nobodyAuto: Auto = new Map();
const autoOf = memo((callees: Callees): Auto => new Map([['auto', callees.auto]]));

/** What is kept from one resolution to the next. */
export class PolicyCalls {
  readonly byPattern = new StableTable<string, readonly MergedRule[]>((a, b) => stableList(a, b) === a);
  readonly choices = new TrackedCalls<
    string,
    Service,
    readonly [ByPattern, Identities, Auto],
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
): readonly [string, PolicyChoice] | null {
  const { host } = service;
  const candidates = patternsOf(host).flatMap((pattern) => byPattern.get(pattern) ?? []);
  const auto = all.get('auto');
  const mutual = auto === undefined ? null : mutualTlsOf(service, candidates, { auto, identities });
  return candidates.length === 0 && mutual === null ? null : [host, choose(service, candidates, mutual)];
}

/** By host, for the hosts that any rule covers, or that the mesh calls by mutual TLS. */
export function resolvePolicies(
  services: Services,
  rules: readonly MergedRule[],
  callees: Callees | null,
  calls: PolicyCalls,
): Outcome<ReadonlyMap<string, PolicyChoice>> {
  const byPattern = calls.byPattern.update(Map.groupBy(rules, (rule) => rule.host));
  const auto = callees === null ? nobodyAuto : autoOf(callees);
  const value = calls.choices.round([byPattern, callees?.identities ?? noIdentities, auto], (run) => {
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
  if (service !== undefined) {
    const { ports, subsets } = bind(service, merged, null);
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
    const { hash = null, origin = null } = ports.get(number) ?? {};
    if ((protocol !== 'tcp' && protocol !== 'tls') || hash === null || hash.kind === 'source-ip' || origin === null)
      return [];
    const message = `port ${number} is not HTTP: a connection has no ${hash.kind}, so it goes to a random endpoint`;
    return [diagnose('SLC0110', at(origin, 'consistentHash'), message)];
  });
}
