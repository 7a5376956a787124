// WorkloadEntry (networking.istio.io): a workload that is no Pod, such as a virtual machine.
import type { Labels } from '../model/endpoint.ts';
import { originOf } from '../model/origin.ts';
import { ignored, ignoring, inside, list, object, report, type Spot, string } from './values/decode.ts';
import { kind } from './values/kind.ts';
import { type Member, memberFields, memberOf } from './values/member.ts';
import type { Metadata } from './values/metadata.ts';

export interface WorkloadEntry {
  readonly namespace: string;
  readonly name: string;
  readonly member: Member;
}

const spec = object(memberFields);
type Spec = NonNullable<ReturnType<typeof spec>>;

const status = object(
  {
    conditions: list(
      object(
        { type: string, status: string },
        { ignored: ignoring('lastProbeTime', 'lastTransitionTime', 'message', 'reason', 'observedGeneration') },
      ),
    ),
  },
  { ignored: ignoring('validationMessages', 'observedGeneration') },
);
type Status = ReturnType<typeof status>;

const checkedAnnotation = 'proxy.istio.io/health-checks-enabled';

/** Who is checked has to be found well before it is called. */
function isHealthy({ annotations }: Metadata, found: Status): boolean {
  if (annotations.get(checkedAnnotation) !== 'true') return true;
  return (found?.conditions ?? []).some((each) => each.type === 'Healthy' && each.status === 'True');
}

/** Those of the object win over those that its spec names for the workload. */
const allLabels = (own: Labels, { labels }: Metadata): Labels =>
  labels.size === 0 ? own : new Map([...own, ...labels]);

function build(metadata: Metadata, decoded: Spec, found: Status, spot: Spot): WorkloadEntry | undefined {
  const { namespace, name } = metadata;
  const here = inside(spot, 'spec');
  if (decoded.address === undefined) {
    return 'address' in decoded ? undefined : report(here, 'SLC0104', 'a workload without an address cannot be called');
  }
  const member = memberOf(decoded.address, decoded, originOf(metadata.id, 'spec', 'address'));
  return {
    namespace,
    name,
    member: {
      ...member,
      instance: name,
      labels: allLabels(member.labels, metadata),
      healthy: isHealthy(metadata, found),
    },
  };
}

export const workloadEntryKind = kind(
  {
    group: 'networking.istio.io',
    kind: 'WorkloadEntry',
    versions: ['v1', 'v1beta1', 'v1alpha3'],
    required: ['spec'],
    body: { spec, status },
  },
  (metadata, { spec: decoded, status: found }, spot) => decoded && build(metadata, decoded, found, spot),
);

/** WorkloadGroup: what WorkloadEntries are made from when machines join by themselves, which they cannot yet. */
export const workloadGroupKind = kind<{ spec: never; status: never }, never>(
  {
    group: 'networking.istio.io',
    kind: 'WorkloadGroup',
    versions: ['v1', 'v1beta1', 'v1alpha3'],
    body: { spec: ignored, status: ignored },
  },
  (_metadata, _body, spot) =>
    report(spot, 'SLC0108', 'WorkloadGroup: not supported yet; write a WorkloadEntry for each workload'),
);
