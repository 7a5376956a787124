// Identities that policies name, in a mesh whose trust domain has, or had, other names.
import { memo } from '../../lib/memo.ts';
import type {
  AuthorizationPolicy,
  AuthorizationRule,
  Clause,
  Condition,
  TextMatch,
} from '../../model/authorization.ts';
import type { TrustDomains } from '../../model/mesh-defaults.ts';
import { clusterDomain } from '../../model/names.ts';

/** Whose trust domain a text speaks of, and what follows it. */
function parts(text: string): readonly [domain: string, rest: string] | null {
  const slash = text.indexOf('/');
  return slash <= 0 ? null : [text.slice(0, slash), text.slice(slash)];
}

/**
 * One identity under every name of the mesh's trust domain; the usual name stands for whatever the mesh calls itself.
 * Without that a rule would no longer hold once the mesh is renamed. Source: Istio, "Trust domain migration".
 */
function underAllNames(match: TextMatch, domains: TrustDomains): readonly TextMatch[] {
  if (match.kind === 'present' || match.kind === 'template') return [match];
  const found = parts(match.text);
  if (found === null) return [match];
  const [domain, rest] = found;
  if (match.kind === 'suffix') {
    const others = domains.filter((each) => !each.endsWith(domain));
    if (others.length === domains.length) return [match];
    return [match, ...others.map((each): TextMatch => ({ kind: 'exact', text: each + rest }))];
  }
  if (domain !== clusterDomain && !domains.includes(domain)) return [match];
  return domains.map((each) => ({ kind: match.kind, text: each + rest }));
}

function inCondition(condition: Condition, domains: TrustDomains): Condition {
  if (condition.kind !== 'principal') return condition;
  return { ...condition, texts: condition.texts.flatMap((each) => underAllNames(each, domains)) };
}

function inRule(rule: AuthorizationRule, domains: TrustDomains): AuthorizationRule {
  const inClause = (clause: Clause): Clause => clause.map((each) => inCondition(each, domains));
  return { ...rule, from: rule.from?.map(inClause) ?? null, when: inClause(rule.when) };
}

/** The policy with every identity under all names of the mesh's trust domain. */
export const withTrustDomains = memo(
  (policy: AuthorizationPolicy, domains: TrustDomains): AuthorizationPolicy => ({
    ...policy,
    rules: policy.rules.map((rule) => inRule(rule, domains)),
  }),
);
