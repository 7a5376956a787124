// Endpoints that a rule wants to be placed by what they are called, and that are called nothing.
import { annotationOf } from '../../crds/annotations/balancing.ts';
import { memo } from '../../lib/memo.ts';
import { type Diagnostic, diagnose } from '../../model/diagnostic.ts';
import type { ServiceEndpoints } from '../../model/endpoint.ts';
import { isHashing } from '../../model/lb-policy.ts';
import type { Mesh } from '../../model/mesh.ts';
import type { ObjectId } from '../../model/object.ts';
import { originOf } from '../../model/origin.ts';
import { type PolicyChoice, policiesIn } from '../../model/policy.ts';

/** The rules that place endpoints by their names. */
const placingRules = memo((choice: PolicyChoice): readonly ObjectId[] => {
  const parts = policiesIn(choice).flatMap((policy) => [policy, ...policy.subsets]);
  const rules = parts
    .flatMap(({ ports }) => [...ports.values()])
    .flatMap(({ lb, origin }) => {
      return isHashing(lb) && lb.placedBy === 'instance' && origin !== null ? [origin.object] : [];
    });
  return [...new Set(rules)];
});

const placing = memo((policies: Mesh['policies']) =>
  [...policies].flatMap(([host, choice]) => {
    const rules = placingRules(choice);
    return rules.length === 0 ? [] : [{ host, rules }];
  }),
);

const addressesWithout = memo((endpoints: ServiceEndpoints): readonly string[] => {
  const unnamed = [...endpoints.values()].flat().filter(({ instance }) => instance === null);
  return [...new Set(unnamed.map(({ address }) => address))];
});

/** Says so of each rule and host. */
export function unnamedEndpoints(policies: Mesh['policies'], endpoints: Mesh['endpoints']): readonly Diagnostic[] {
  return placing(policies).flatMap(({ host, rules }) => {
    const [first, ...others] = addressesWithout(endpoints.get(host) ?? new Map());
    if (first === undefined) return [];
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    const message = `no Pod is known behind ${first}${more} of ${host} (targetRef of the EndpointSlice), so the address counts`;
    return rules.map((rule) =>
      diagnose('SLC0209', originOf(rule, 'metadata', 'annotations', annotationOf('placedBy')), message),
    );
  });
}
