// AuthorizationPolicies → envoy.config.rbac.v3.RBAC. Source: Istio's AuthorizationPolicy.
import type { JsonObject } from '../../../lib/json.ts';
import { memo } from '../../../lib/memo.ts';
import type {
  AuthorizationAction,
  AuthorizationPolicy,
  AuthorizationRule,
  Clause,
  Condition,
} from '../../../model/authorization.ts';
import { emitCondition, type Side, sideOf } from './matchers.ts';

/** What is looked at: single requests, or connections, of which less is known. */
export type Layer = 'http' | 'tcp';

type Known = Exclude<Condition, { readonly kind: 'unknown' }>;

const ofRequests: ReadonlySet<Condition['kind']> = new Set(['host', 'method', 'path', 'header']);
const isKnown = (layer: Layer, condition: Condition): condition is Known =>
  condition.kind !== 'unknown' && (layer === 'http' || !ofRequests.has(condition.kind));

/** What cannot be told allows nobody, and keeps nobody from being denied. Null: it is never true. */
function known(clause: Clause, action: AuthorizationAction, layer: Layer): readonly Known[] | null {
  const told = clause.filter((each) => isKnown(layer, each));
  return action === 'allow' && told.length < clause.length ? null : told;
}

function every(side: Side, items: readonly JsonObject[]): JsonObject {
  const [first] = items;
  if (first === undefined) return { any: true };
  if (items.length === 1) return first;
  return side === 'permission' ? { and_rules: { rules: items } } : { and_ids: { ids: items } };
}

/** Each clause with what the rule asks of everything. */
function oneSide(side: Side, clauses: readonly (readonly Known[])[], when: readonly Known[]): readonly JsonObject[] {
  const common = when.filter((each) => sideOf(each) === side).map(emitCondition);
  return clauses.map((clause) => every(side, [...clause.map(emitCondition), ...common]));
}

const everything: readonly Clause[] = [[]];

/** The fields of envoy.config.rbac.v3.Policy. */
type Emitted = Readonly<Record<'permissions' | 'principals', readonly JsonObject[]>>;

/** Null: it is never true. */
function emitRule(rule: AuthorizationRule, action: AuthorizationAction, layer: Layer): Emitted | null {
  const when = known(rule.when, action, layer);
  const read = (clauses: readonly Clause[] | null) =>
    (clauses ?? everything).flatMap((clause) => {
      const told = known(clause, action, layer);
      return told === null ? [] : [told];
    });
  const [from, to] = [read(rule.from), read(rule.to)];
  if (when === null || from.length === 0 || to.length === 0) return null;
  return { permissions: oneSide('permission', to, when), principals: oneSide('principal', from, when) };
}

const words = { allow: 'ALLOW', deny: 'DENY' } as const;

function emitRules(policies: readonly AuthorizationPolicy[], action: AuthorizationAction, layer: Layer): JsonObject {
  const rules = policies.flatMap(({ namespace, name, rules: written }) =>
    written.flatMap((rule) => {
      const emitted = emitRule(rule, action, layer);
      return emitted === null ? [] : [[`ns[${namespace}]-policy[${name}]-rule[${rule.index}]`, emitted] as const];
    }),
  );
  return { action: words[action], policies: Object.fromEntries(rules) };
}

/** Fields of the filters, the one that denies first. Without a policy of an action there is no filter for it. */
export const emitAuthorization = memo((policies: readonly AuthorizationPolicy[], layer: Layer): readonly JsonObject[] =>
  (['deny', 'allow'] as const).flatMap((action) => {
    const of = policies.filter((policy) => policy.action === action);
    if (of.length === 0) return [];
    const [tried, real] = [of.filter(({ dryRun }) => dryRun), of.filter(({ dryRun }) => !dryRun)];
    const shadow = {
      shadow_rules: emitRules(tried, action, layer),
      shadow_rules_stat_prefix: `istio_dry_run_${action}_`,
    };
    return [{ ...(real.length > 0 && { rules: emitRules(real, action, layer) }), ...(tried.length > 0 && shadow) }];
  }),
);

const isAny = (items: readonly JsonObject[]): boolean => items.some(({ any }) => any === true);

/** Whether a rule denies every connection, or none allows any. */
export const nobodyPasses = memo((policies: readonly AuthorizationPolicy[]): boolean => {
  const real = policies.filter(({ dryRun }) => !dryRun);
  const emitted = (action: AuthorizationAction) =>
    real
      .filter((policy) => policy.action === action)
      .map(({ rules }) => rules.map((rule) => emitRule(rule, action, 'tcp')).filter((rule) => rule !== null));
  const [denied, allowed] = [emitted('deny').flat(), emitted('allow')];
  const closed = allowed.length > 0 && allowed.flat().length === 0;
  return closed || denied.some(({ permissions, principals }) => isAny(permissions) && isAny(principals));
});
