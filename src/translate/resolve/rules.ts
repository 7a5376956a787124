// DestinationRules of one namespace for one host become one rule.
import type { DestinationRule, RuleSubset } from '../../crds/destination-rule/destination-rule.ts';
import type { TrafficPolicy } from '../../crds/destination-rule/traffic-policy.ts';
import type { LastCalls } from '../../lib/last-calls.ts';
import { memo } from '../../lib/memo.ts';
import { type Diagnostic, diagnose, type Outcome } from '../../model/diagnostic.ts';
import type { Labels } from '../../model/endpoint.ts';
import { describeObject, type ObjectId } from '../../model/object.ts';
import { at } from '../../model/origin.ts';
import { byAge } from './services.ts';

/** The rules of one namespace for one host and the same clients, merged. */
export interface MergedRule {
  readonly namespace: string;
  readonly host: string;
  readonly exportTo: ReadonlySet<string>;
  /** The workloads whose calls it is for; null: all. */
  readonly selector: Labels | null;
  readonly policy: TrafficPolicy | null;
  readonly subsets: readonly RuleSubset[];
  /** The rules behind it, oldest first. */
  readonly rules: readonly DestinationRule[];
}

export type MergeCalls = LastCalls<string, Outcome<MergedRule>>;

function merge(rules: readonly DestinationRule[], first: DestinationRule): Outcome<MergedRule> {
  const diagnostics: Diagnostic[] = [];
  const subsets = new Map<string, RuleSubset>();
  let policyFrom: DestinationRule | undefined;
  for (const rule of rules) {
    if (rule.policy !== null && policyFrom !== undefined) {
      const winner = describeObject(policyFrom.origin.object);
      const message = `${winner} is older and sets the traffic policy for ${rule.host}, so this one is not used`;
      diagnostics.push(diagnose('SLC0204', at(rule.origin, 'spec', 'trafficPolicy'), message));
    }
    if (rule.policy !== null) policyFrom ??= rule;
    for (const subset of rule.subsets) {
      const known = subsets.get(subset.name);
      if (known === undefined) {
        subsets.set(subset.name, subset);
      } else {
        const message = `${describeObject(known.origin.object)} defines subset "${subset.name}" already; this one is not used`;
        diagnostics.push(diagnose('SLC0203', at(subset.origin, 'name'), message));
      }
    }
  }
  const { namespace, host, exportTo, selector } = first;
  const policy = policyFrom?.policy ?? null;
  return { value: { namespace, host, exportTo, selector, policy, subsets: [...subsets.values()], rules }, diagnostics };
}

/** Equal for rules that become one. */
const keyOf = memo((rule: DestinationRule): string =>
  JSON.stringify([rule.namespace, rule.host, [...rule.exportTo].sort(), rule.selector && [...rule.selector]]),
);

/** All rules merged, in the order of their oldest. */
export function mergeRules(rules: readonly DestinationRule[], calls: MergeCalls): Outcome<readonly MergedRule[]> {
  const groups = new Map<string, DestinationRule[]>();
  for (const rule of [...rules].sort(byAge)) {
    const key = keyOf(rule);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [rule]);
    else group.push(rule);
  }
  const outcomes = [...groups].flatMap(([key, group]) =>
    group[0] === undefined ? [] : [calls.run(key, group, () => merge(group, group[0] as DestinationRule))],
  );
  calls.endRound();
  return {
    value: outcomes.map(({ value }) => value),
    diagnostics: outcomes.flatMap(({ diagnostics }) => diagnostics),
  };
}

/** The objects behind a merged rule. */
export function ruleIds(rule: MergedRule): readonly ObjectId[] {
  return rule.rules.map(({ origin }) => origin.object);
}
