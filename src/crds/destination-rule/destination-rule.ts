// DestinationRule (networking.istio.io): how requests to a host are spread, whole and per subset.
import { isObject, type JsonValue } from '../../lib/json.ts';
import { type Labels, noLabels } from '../../model/endpoint.ts';
import { type Origin, originOf } from '../../model/origin.ts';
import { type Decoder, inside, list, nonEmptyString, object, report, type Spot, selector } from '../values/decode.ts';
import { exportedTo, exportTo, fullHost } from '../values/host.ts';
import { kind } from '../values/kind.ts';
import type { Metadata } from '../values/metadata.ts';
import { reportKeyless } from './keyless-hash.ts';
import { silentPolicy, type TrafficPolicy, trafficPolicy } from './traffic-policy.ts';
import { withAnnotations } from './tuned-policy.ts';

export interface RuleSubset {
  readonly name: string;
  readonly labels: Labels;
  readonly policy: TrafficPolicy;
  readonly origin: Origin;
}

export interface DestinationRule {
  readonly namespace: string;
  readonly name: string;
  readonly created: number | null;
  /** A full host name, or a wildcard such as `*.example.com` or `*`. */
  readonly host: string;
  /** Namespaces whose clients see the rule; `*`: all. */
  readonly exportTo: ReadonlySet<string>;
  /** The workloads of its namespace whose calls it is for; null: those of all who see it. */
  readonly selector: Labels | null;
  /** Null where the rule has none. */
  readonly policy: TrafficPolicy | null;
  readonly subsets: readonly RuleSubset[];
  readonly origin: Origin;
}

const labelCharacters = new Set('-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ');

const subsetFields = object({ name: nonEmptyString, labels: selector, trafficPolicy }, { required: ['name'] });

const subset: Decoder<RuleSubset> = (value, spot) => {
  const decoded = subsetFields(value, spot);
  if (decoded?.name === undefined) return undefined;
  if (decoded.name.length > 63 || ![...decoded.name].every((character) => labelCharacters.has(character))) {
    return report(
      inside(spot, 'name'),
      'SLC0105',
      'a subset is named as a DNS label: at most 63 letters, digits and dashes',
    );
  }
  // Without its labels the subset would be the whole service, so it is left out.
  if (decoded.labels === undefined && isObject(value) && (value['labels'] ?? null) !== null) return undefined;
  return {
    name: decoded.name,
    labels: decoded.labels ?? new Map(),
    policy: decoded.trafficPolicy ?? silentPolicy,
    origin: spot.origin,
  };
};

const selectorFields = object({ matchLabels: selector });

/** Null: of no use, and so is the rule, for without it the rule would be for everyone. Without labels it is for the whole namespace. */
const workloadSelector: Decoder<Labels | null> = (value, spot) => {
  const decoded = selectorFields(value, spot);
  const isUseless = decoded === undefined || (decoded.matchLabels === undefined && !isSilent(value));
  if (!isUseless) return decoded.matchLabels ?? noLabels;
  report(spot, 'SLC0105', 'it chooses nobody like this, so the rule is left out');
  return null;
};

const isSilent = (value: JsonValue): boolean => isObject(value) && Object.values(value).every((each) => each === null);

const spec = object(
  {
    host: nonEmptyString,
    exportTo,
    trafficPolicy,
    subsets: list(subset),
    workloadSelector,
  },
  { required: ['host'] },
);
type Spec = NonNullable<ReturnType<typeof spec>>;

function uniqueSubsets(subsets: readonly RuleSubset[], spot: Spot): readonly RuleSubset[] {
  const kept = new Map<string, RuleSubset>();
  for (const each of subsets) {
    if (kept.has(each.name)) {
      const place = { origin: each.origin, diagnostics: spot.diagnostics };
      report(inside(place, 'name'), 'SLC0203', `subset "${each.name}" is defined twice; the first one is used`);
    } else {
      kept.set(each.name, each);
    }
  }
  return [...kept.values()];
}

/** Rules for chosen workloads are never exported. */
function visibleTo({ exportTo: names, workloadSelector: chosen }: Spec, { namespace }: Metadata, spot: Spot) {
  if (chosen === undefined) return exportedTo(names, namespace);
  const own = exportedTo(['.'], namespace);
  if (names !== undefined && exportedTo(names, namespace).symmetricDifference(own).size > 0) {
    const message = 'a rule with a workloadSelector is for workloads of its own namespace alone';
    report(inside(spot, 'spec', 'exportTo'), 'SLC0110', message);
  }
  return own;
}

function build(metadata: Metadata, decoded: Spec, spot: Spot): DestinationRule | undefined {
  if (decoded.host === undefined || decoded.workloadSelector === null) return undefined;
  const { trafficPolicy: whole = null, subsets = [] } = decoded;
  const written = { policy: whole, subsets: uniqueSubsets(subsets, spot) };
  const policies = withAnnotations(written, metadata, spot);
  reportKeyless([policies.policy ?? silentPolicy, ...policies.subsets.map(({ policy }) => policy)], spot);
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    created: metadata.created,
    host: fullHost(decoded.host, metadata.namespace),
    exportTo: visibleTo(decoded, metadata, spot),
    selector: decoded.workloadSelector ?? null,
    ...policies,
    origin: originOf(metadata.id),
  };
}

export const destinationRuleKind = kind(
  {
    group: 'networking.istio.io',
    kind: 'DestinationRule',
    versions: ['v1', 'v1beta1', 'v1alpha3'],
    required: ['spec'],
    body: { spec },
  },
  (metadata, { spec: decoded }, spot) => decoded && build(metadata, decoded, spot),
);
