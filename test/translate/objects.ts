// Objects for tests that need no files.
import { deepFreeze, type JsonObject } from '../../src/lib/json.ts';
import { type ObjectSet, objectId, type SourceObject } from '../../src/model/object.ts';

/** A source object of plain JSON, in namespace `default` unless it says otherwise. */
export function sourceObject(json: JsonObject): SourceObject {
  const { apiVersion, kind, metadata } = json as unknown as {
    apiVersion: string;
    kind: string;
    metadata: { name: string; namespace?: string };
  };
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
  const clusterWide = kind === 'Node' || kind === 'Namespace';
  const namespace = clusterWide ? '' : (metadata.namespace ?? 'default');
  return { id: objectId({ group, kind, namespace, name: metadata.name }), json: deepFreeze(json), locate: () => null };
}

export function objectSet(objects: Iterable<SourceObject>): ObjectSet {
  return new Map([...objects].map((object) => [object.id, object] as const));
}

export interface ServiceOptions {
  readonly name: string;
  readonly ports: readonly JsonObject[];
  readonly spec?: JsonObject;
  readonly namespace?: string;
}

export function service({ name, ports, spec = {}, namespace = 'default' }: ServiceOptions): SourceObject {
  return sourceObject({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec: { ports, ...spec } });
}

export interface SliceOptions {
  readonly service: string;
  readonly addresses: readonly string[];
  readonly ports: readonly JsonObject[];
  readonly name?: string;
  readonly namespace?: string;
}

export function slice({ service: of, addresses, ports, name = of, namespace = 'default' }: SliceOptions): SourceObject {
  return sourceObject({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': of } },
    addressType: 'IPv4',
    ports,
    endpoints: addresses.map((address) => ({
      addresses: [address],
      targetRef: { kind: 'Pod', name: `pod-${address}` },
    })),
  });
}

export function destinationRule(name: string, spec: JsonObject, namespace = 'default'): SourceObject {
  return sourceObject({
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name, namespace },
    spec,
  });
}

export function virtualService(name: string, spec: JsonObject, namespace = 'default'): SourceObject {
  return sourceObject({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name, namespace },
    spec,
  });
}

export function serviceEntry(name: string, spec: JsonObject, namespace = 'default'): SourceObject {
  return sourceObject({
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name, namespace },
    spec,
  });
}

export function workloadEntry(name: string, spec: JsonObject, namespace = 'default'): SourceObject {
  return sourceObject({
    apiVersion: 'networking.istio.io/v1',
    kind: 'WorkloadEntry',
    metadata: { name, namespace },
    spec,
  });
}

export function pod(
  name: string,
  ip: string,
  labels: JsonObject,
  namespace = 'default',
  serviceAccountName = 'default',
  nodeName = 'node-1',
): SourceObject {
  return sourceObject({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: { nodeName, serviceAccountName },
    status: { podIP: ip },
  });
}

/** A Node with these labels. */
export function node(name: string, labels: JsonObject): SourceObject {
  return sourceObject({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels } });
}
