// Sidecar (networking.istio.io): what the proxies of some workloads know of the mesh, and how those are called.
import { isObject } from '../../lib/json.ts';
import { allowAny, type OutboundPolicy, registryOnly } from '../../model/mesh-defaults.ts';
import type { EgressListener, Scope } from '../../model/scope.ts';
import {
  type Decoder,
  ignored,
  inside,
  integer,
  list,
  nonEmptyString,
  object,
  oneOf,
  portRange,
  report,
  type Spot,
  selector,
} from '../values/decode.ts';
import { hostAt, hostName } from '../values/host.ts';
import { kind } from '../values/kind.ts';
import type { Metadata } from '../values/metadata.ts';
import { unreadablePolicy } from '../values/outbound-policy.ts';
import { egressListener, orderEgress } from './egress.ts';
import { ingressListener, uniqueIngress } from './ingress.ts';
import { workloadPool } from './listener.ts';

const egressProxy = object(
  { host: hostName, port: object({ number: integer(portRange) }, { required: ['number'] }), subset: nonEmptyString },
  { required: ['host', 'port'] },
);

const policyFields = object({
  mode: oneOf({ REGISTRY_ONLY: 'REGISTRY_ONLY', ALLOW_ANY: 'ALLOW_ANY' } as const),
  egressProxy,
});
type PolicyFields = NonNullable<ReturnType<typeof policyFields>>;

function throughProxy({ egressProxy: proxy }: PolicyFields, spot: Spot): OutboundPolicy {
  if (proxy?.host === undefined) return allowAny;
  const { host, port, subset = null } = proxy;
  const place = inside(spot, 'egressProxy');
  return {
    kind: 'egress-proxy',
    destination: { host: hostAt(host, place), port: port?.number ?? null, subset, origin: place.origin },
  };
}

/** A block without a mode means the registry alone. What cannot be understood lets nothing out that a proxy should see. */
const outboundTrafficPolicy: Decoder<OutboundPolicy> = (value, spot) => {
  const decoded = policyFields(value, spot);
  if (decoded === undefined || ('mode' in decoded && decoded.mode === undefined)) return unreadablePolicy(spot);
  if (decoded.mode === 'ALLOW_ANY') {
    if ('egressProxy' in decoded && decoded.egressProxy === undefined) return registryOnly;
    return throughProxy(decoded, spot);
  }
  if (decoded.egressProxy !== undefined) {
    report(inside(spot, 'egressProxy'), 'SLC0110', 'with mode REGISTRY_ONLY nothing goes to an egress proxy');
  }
  return registryOnly;
};

/** An empty list is as if there was none. */
const egress: Decoder<readonly EgressListener[]> = (value, spot) =>
  Array.isArray(value) && value.length === 0 ? undefined : list(egressListener)(value, spot);

const spec = object({
  workloadSelector: object({ labels: selector }),
  egress,
  ingress: list(ingressListener),
  inboundConnectionPool: workloadPool,
  outboundTrafficPolicy,
});
type Spec = NonNullable<ReturnType<typeof spec>>;

const everything = (spot: Spot): EgressListener => ({
  port: null,
  protocol: null,
  bind: null,
  capture: 'as-proxy',
  imports: [{ namespace: '*', host: '*', origin: spot.origin }],
  exclusions: [],
  origin: spot.origin,
});

function build(metadata: Metadata, decoded: Spec, written: boolean, spot: Spot): Scope | undefined {
  const { workloadSelector, egress, ingress = [] } = decoded;
  // With a selector that is wrong it would hold for the whole namespace.
  const labels = workloadSelector?.labels;
  if (written && labels === undefined) return undefined;
  return {
    object: metadata.id,
    namespace: metadata.namespace,
    name: metadata.name,
    created: metadata.created,
    selector: labels === undefined || labels.size === 0 ? null : labels,
    outbound: decoded.outboundTrafficPolicy ?? null,
    egress: egress === undefined ? [everything(spot)] : orderEgress(egress, inside(spot, 'spec', 'egress')),
    ingress: uniqueIngress(ingress, spot),
    inboundPool: decoded.inboundConnectionPool ?? null,
  };
}

/** Whether labels are written, whatever they are. */
function hasLabels(value: unknown): boolean {
  const selected = (value as { readonly workloadSelector?: unknown } | null)?.workloadSelector as never;
  return isObject(selected) ? (selected['labels'] ?? null) !== null : (selected ?? null) !== null;
}

const specWithSelector: Decoder<{ readonly decoded: Spec; readonly written: boolean }> = (value, spot) => {
  const decoded = spec(value, spot);
  return decoded && { decoded, written: hasLabels(value) };
};

export const sidecarKind = kind(
  {
    group: 'networking.istio.io',
    kind: 'Sidecar',
    versions: ['v1', 'v1beta1', 'v1alpha3'],
    body: { spec: specWithSelector, status: ignored },
  },
  (metadata, { spec: read }, spot) => build(metadata, read?.decoded ?? ({} as Spec), read?.written ?? false, spot),
);
