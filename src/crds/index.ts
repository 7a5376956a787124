// The kinds that Sluice reads, and the step from objects to typed values.
import { memo } from '../lib/memo.ts';
import type { Steps } from '../lib/slices.ts';
import type { AuthorizationPolicy } from '../model/authorization.ts';
import { type Diagnostic, diagnose, type Outcome } from '../model/diagnostic.ts';
import type { MeshDefaults } from '../model/mesh-defaults.ts';
import { type ObjectId, type ObjectSet, objectName, type SourceObject } from '../model/object.ts';
import { originOf } from '../model/origin.ts';
import type { PeerAuthentication } from '../model/peer-authentication.ts';
import type { Scope } from '../model/scope.ts';
import { configMapKind, meshConfigId } from './config-map.ts';
import { type DestinationRule, destinationRuleKind } from './destination-rule/destination-rule.ts';
import { type EndpointSlice, endpointSliceKind } from './endpoint-slice.ts';
import { type Gateway, gatewayKind } from './gateway/gateway.ts';
import { type Namespace, namespaceKind } from './namespace.ts';
import { type Node, nodeKind } from './node.ts';
import { type Pod, podKind } from './pod.ts';
import { authorizationPolicyKind } from './security/authorization-policy.ts';
import { peerAuthenticationKind } from './security/peer-authentication.ts';
import { type Service, serviceKind } from './service.ts';
import { type ServiceEntry, serviceEntryKind } from './service-entry/service-entry.ts';
import { sidecarKind } from './sidecar/sidecar.ts';
import { nearest } from './values/decode.ts';
import { type VirtualService, virtualServiceKind } from './virtual-service/virtual-service.ts';
import { type WorkloadEntry, workloadEntryKind, workloadGroupKind } from './workload-entry.ts';

/** Everything that could be decoded, by kind; the order within a list says nothing. */
export interface TypedObjects {
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
  readonly pods: readonly Pod[];
  readonly nodes: readonly Node[];
  readonly namespaces: readonly Namespace[];
  readonly rules: readonly DestinationRule[];
  readonly virtualServices: readonly VirtualService[];
  readonly gateways: readonly Gateway[];
  readonly sidecars: readonly Scope[];
  /** One, or none. */
  readonly meshConfigs: readonly MeshDefaults[];
  readonly serviceEntries: readonly ServiceEntry[];
  readonly workloadEntries: readonly WorkloadEntry[];
  readonly workloadGroups: readonly never[];
  readonly peerAuthentications: readonly PeerAuthentication[];
  readonly authorizationPolicies: readonly AuthorizationPolicy[];
}

const kinds = {
  services: serviceKind,
  slices: endpointSliceKind,
  pods: podKind,
  nodes: nodeKind,
  namespaces: namespaceKind,
  rules: destinationRuleKind,
  virtualServices: virtualServiceKind,
  gateways: gatewayKind,
  sidecars: sidecarKind,
  meshConfigs: configMapKind,
  serviceEntries: serviceEntryKind,
  workloadEntries: workloadEntryKind,
  workloadGroups: workloadGroupKind,
  peerAuthentications: peerAuthenticationKind,
  authorizationPolicies: authorizationPolicyKind,
} as const;
export type Plural = keyof typeof kinds;

const pluralOf = new Map(
  (Object.keys(kinds) as Plural[]).map((plural) => [`${kinds[plural].group}/${kinds[plural].kind}`, plural] as const),
);

/** Which objects are read: of each kind its group and the versions of its API, the best one first. */
export const kindsRead = Object.values(kinds).map(({ group, kind, versions }) => ({ group, kind, versions }));

/** Whether objects of this kind are read; all others mean nothing here. */
export function isRead(id: ObjectId): boolean {
  const { group, kind } = objectName(id);
  return pluralOf.has(`${group}/${kind}`) && (kind !== 'ConfigMap' || id === meshConfigId);
}

/** Groups whose other kinds are none of our business: a folder may hold a whole application. */
const groupsOfOthers: ReadonlySet<string> = new Set([
  '',
  'apps',
  'batch',
  'autoscaling',
  'policy',
  'rbac.authorization.k8s.io',
]);

export interface Decoded {
  readonly plural: Plural;
  readonly value: TypedObjects[Plural][number];
}

/** What an object means on its own; remembered while the object is the same. Never throws. */
export const decodeObject = memo((object: SourceObject): Outcome<Decoded | undefined> => {
  const { group, kind } = objectName(object.id);
  const plural = pluralOf.get(`${group}/${kind}`);
  const unread = plural === undefined ? unknownKind(object) : unknownVersion(object, plural);
  if (plural === undefined || unread !== undefined) {
    return { value: undefined, diagnostics: unread === undefined ? [] : [unread] };
  }
  try {
    const { value, diagnostics } = kinds[plural].decode(object);
    return { value: value && { plural, value }, diagnostics };
  } catch (error) {
    const message = `decoding it failed: ${error instanceof Error ? error.message : String(error)}`;
    return { value: undefined, diagnostics: [diagnose('SLC0502', originOf(object.id), message)] };
  }
});

function unknownVersion({ id, json }: SourceObject, plural: Plural): Diagnostic | undefined {
  const { group, kind } = objectName(id);
  const apiVersion = String(json['apiVersion']);
  const versions: readonly string[] = kinds[plural].versions;
  const known = versions.map((version) => (group === '' ? version : `${group}/${version}`));
  if (known.includes(apiVersion)) return undefined;
  return diagnose(
    'SLC0005',
    originOf(id, 'apiVersion'),
    `${kind} is read as ${known.join(', ')}, not as "${apiVersion}"`,
  );
}

function unknownKind({ id }: SourceObject): Diagnostic | undefined {
  const { group, kind } = objectName(id);
  const ours = Object.values(kinds);
  const sameKind = ours.find((each) => each.kind === kind);
  if (sameKind !== undefined) {
    const wanted = sameKind.group === '' ? sameKind.versions[0] : `${sameKind.group}/${sameKind.versions[0]}`;
    return diagnose(
      'SLC0005',
      originOf(id, 'apiVersion'),
      `${kind} is a kind of ${wanted}, not of the group "${group}"`,
    );
  }
  const near = nearest(
    kind,
    ours.filter((each) => each.group === group).map((each) => each.kind),
  );
  // Endpoints is the one kind of theirs that used to say where requests go.
  if (near === '' && groupsOfOthers.has(group) && kind !== 'Endpoints') return undefined;
  return diagnose('SLC0005', originOf(id, 'kind'), `${kind} (${group || 'core'}) is not read by this version${near}`);
}

/** Decodes objects one by one, so that `decodeObjects` finds them done. */
export function* decodeEach(objects: ObjectSet): Steps {
  for (const object of objects.values()) {
    try {
      decodeObject(object);
    } catch {
      // Whoever decodes them all finds out.
    }
    yield;
  }
}

/** All objects decoded, each on its own. */
export function decodeObjects(objects: ObjectSet): Outcome<TypedObjects> {
  return byKind([...objects.values()].map(decodeObject));
}

/** Values by kind, and what is to be said, in the order of the objects. */
export function byKind(outcomes: readonly Outcome<Decoded | undefined>[]): Outcome<TypedObjects> {
  const diagnostics: Diagnostic[] = [];
  const typed: { [K in Plural]: TypedObjects[K][number][] } = {
    services: [],
    slices: [],
    pods: [],
    nodes: [],
    namespaces: [],
    rules: [],
    virtualServices: [],
    gateways: [],
    sidecars: [],
    meshConfigs: [],
    serviceEntries: [],
    workloadEntries: [],
    workloadGroups: [],
    peerAuthentications: [],
    authorizationPolicies: [],
  };
  for (const outcome of outcomes) {
    // One by one: an argument list has a limit, which a broken object may exceed.
    for (const each of outcome.diagnostics) diagnostics.push(each);
    if (outcome.value !== undefined) (typed[outcome.value.plural] as unknown[]).push(outcome.value.value);
  }
  return { value: typed, diagnostics };
}
