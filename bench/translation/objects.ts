// A mesh for the measurement of translation: services with endpoints, and as many rules of each kind as services.
import { deepFreeze, type JsonObject } from '../../src/lib/json.ts';
import type { ObjectId, ObjectSet, SourceObject } from '../../src/model/object.ts';
import { readObjects } from '../../src/sources/kubernetes-object.ts';

/** In one namespace. */
const neighbours = 50;
const endpoints = 5;

const nameOf = (index: number): string => `s${index}`;
const namespaceOf = (index: number): string => `n${Math.floor(index / neighbours)}`;
const addressOf = (index: number, place: number): string => `10.${place}.${index >> 8}.${index & 255}`;

function object(apiVersion: string, kind: string, index: number, rest: JsonObject, labels?: JsonObject): JsonObject {
  const metadata = { name: nameOf(index), namespace: namespaceOf(index), ...(labels && { labels }) };
  return { apiVersion, kind, metadata, ...rest };
}

export const service = (index: number, port = 80): JsonObject =>
  object('v1', 'Service', index, { spec: { selector: { app: nameOf(index) }, ports: [{ name: 'http', port }] } });

export function slice(index: number, count = endpoints): JsonObject {
  const list = Array.from({ length: count }, (_, place) => ({
    addresses: [addressOf(index, place)],
    ...(place === 0 && { targetRef: { kind: 'Pod', name: nameOf(index), namespace: namespaceOf(index) } }),
  }));
  const rest = { addressType: 'IPv4', ports: [{ name: 'http', port: 8080 }], endpoints: list };
  return object('discovery.k8s.io/v1', 'EndpointSlice', index, rest, { 'kubernetes.io/service-name': nameOf(index) });
}

export const pod = (index: number, version = 'v1'): JsonObject =>
  object('v1', 'Pod', index, { status: { podIP: addressOf(index, 0) } }, { app: nameOf(index), version });

export const destinationRule = (index: number, simple = 'LEAST_REQUEST', subsets = ['v1']): JsonObject =>
  object('networking.istio.io/v1', 'DestinationRule', index, {
    spec: {
      host: nameOf(index),
      trafficPolicy: { loadBalancer: { simple } },
      subsets: subsets.map((version) => ({ name: version, labels: { version } })),
    },
  });

export const virtualService = (index: number, weight = 10): JsonObject =>
  object('networking.istio.io/v1', 'VirtualService', index, {
    spec: {
      hosts: [nameOf(index)],
      http: [
        {
          match: [{ uri: { prefix: '/new' } }],
          route: [
            { destination: { host: nameOf(index), subset: 'v1' }, weight },
            { destination: { host: nameOf(index) }, weight: 100 - weight },
          ],
        },
        { route: [{ destination: { host: nameOf(index) } }] },
      ],
    },
  });

const makers = [service, slice, pod, destinationRule, virtualService] as const;

/** As a source gives it. */
export function sourceObject(json: JsonObject): SourceObject {
  const [found] = readObjects(deepFreeze(json));
  if (found?.kind !== 'object') throw new Error('this is not an object');
  return Object.freeze({ id: found.id, json: found.json, locate: () => null });
}

/** So many services with all that belongs to them. */
export function meshOf(services: number): ObjectSet {
  const objects = new Map<ObjectId, SourceObject>();
  for (const make of makers) {
    for (let index = 0; index < services; index += 1) {
      const made = sourceObject(make(index));
      objects.set(made.id, made);
    }
  }
  return objects;
}
