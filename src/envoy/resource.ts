// One resource as Envoy gets it: its JSON, its bytes made once, a version that is a hash of its content, and the YAML
// behind it.
import { hash } from 'node:crypto';
import { deepEqual } from 'fast-equals';
import type { JsonObject } from '../lib/json.ts';
import { lazy } from '../lib/memo.ts';
import type { Origin } from '../model/origin.ts';
import { encodeMessage } from './protojson.ts';
import { messageNames, type ResourceKind } from './types.ts';
import { bytesField, joinPieces, ready } from './wire.ts';

export interface XdsResource {
  readonly kind: ResourceKind;
  readonly name: string;
  readonly json: JsonObject;
  readonly origins: readonly Origin[];
  /** The encoded message. Shared: never write to it. */
  readonly bytes: Uint8Array;
  /** The same content has the same version on every replica and after every restart. */
  readonly version: string;
  /** What it is put together from; null: it is one piece. */
  readonly parts: readonly EncodedPart[] | null;
  /** For how many seconds a client may use it without hearing of it again; undefined: for ever. */
  readonly ttl?: number;
}

/** All resources of one kind that a proxy may see, by name. */
export type ResourceTable = ReadonlyMap<string, XdsResource>;

export const resourceTable = (resources: readonly XdsResource[]): ResourceTable =>
  new Map(resources.map((each) => [each.name, each] as const));

/** A message inside a resource that is encoded on its own, so that many resources share its bytes. */
export interface EncodedPart {
  readonly name: string;
  readonly json: JsonObject;
  readonly origins: readonly Origin[];
  readonly bytes: Uint8Array;
  readonly version: string;
}

/**
 * An Envoy message in proto3 JSON with snake_case names. Where there are many such resources, a function that makes it: the
 * message is encoded at once, and made again whenever somebody asks, so that nothing is held but the bytes.
 */
export type Json = JsonObject | (() => JsonObject);

const contentHash = (data: Uint8Array | string): string => hash('sha256', data, 'buffer').toString('hex', 0, 8);

/** How many messages this process has encoded; tests count with it what a change costs. */
export const encoded = { messages: 0 };

function encode(type: string, json: JsonObject): Uint8Array {
  encoded.messages += 1;
  return encodeMessage(type, json);
}

/** There are very many: an object of a class takes the least memory. */
class Part implements EncodedPart {
  readonly name: string;
  readonly origins: readonly Origin[];
  readonly #type: string;
  readonly #json: Json;
  /** Or why there are none. */
  #bytes: Uint8Array | Error | null = null;
  #version: string | null = null;

  constructor(type: string, name: string, json: Json, origins: readonly Origin[]) {
    this.name = name;
    this.origins = origins;
    this.#type = type;
    this.#json = json;
    // What fails before it is encoded is a fault in the objects behind it, and is thrown here.
    if (typeof json === 'function') this.#encode(json());
  }

  get json(): JsonObject {
    return typeof this.#json === 'function' ? this.#json() : this.#json;
  }

  get bytes(): Uint8Array {
    const bytes = this.#bytes ?? this.#encode(this.json);
    if (bytes instanceof Error) throw bytes;
    return bytes;
  }

  #encode(json: JsonObject): Uint8Array | Error {
    try {
      this.#bytes = encode(this.#type, json);
    } catch (error) {
      this.#bytes = error instanceof Error ? error : new Error(String(error));
    }
    return this.#bytes;
  }

  get version(): string {
    this.#version ??= contentHash(this.bytes);
    return this.#version;
  }

  /** Whether two hold the same message. Of one that is made anew whenever it is asked for, the bytes are at hand. */
  static sameMessage(a: Part, b: Part): boolean {
    if (typeof a.#json !== 'function' || !(a.#bytes instanceof Uint8Array)) return deepEqual(a.json, b.json);
    return b.#bytes instanceof Uint8Array && Buffer.compare(a.#bytes, b.#bytes) === 0;
  }
}

class Whole extends Part implements XdsResource {
  readonly kind: ResourceKind;
  readonly parts = null;

  constructor(kind: ResourceKind, name: string, json: Json, origins: readonly Origin[]) {
    super(messageNames[kind], name, json, origins);
    this.kind = kind;
  }
}

/** A resource; one whose JSON is at hand is encoded when it is first sent. */
export function resource(kind: ResourceKind, name: string, json: Json, origins: readonly Origin[]): XdsResource {
  return new Whole(kind, name, json, origins);
}

/** The same for a time (envoy.service.discovery.v3.Resource.ttl): whole seconds, at least 1. */
export function withTtl(resource: XdsResource, seconds: number): XdsResource {
  const version = lazy(() => contentHash(`${resource.version} ${seconds}`));
  const { kind, name, json, origins, parts } = resource;
  return {
    ...{ kind, name, json, origins, parts },
    ttl: seconds,
    get bytes() {
      return resource.bytes;
    },
    get version() {
      return version();
    },
  };
}

/** A part of a resource: the message `type`, encoded once. `name` is that in the message. */
export function encodedPart(type: string, name: string, json: Json, origins: readonly Origin[]): EncodedPart {
  return new Part(type, name, json, origins);
}

/**
 * A route configuration put together from shared virtual hosts (RouteConfiguration.virtual_hosts, field 2).
 * Its bytes are joined when they are asked for and not kept: a thousand groups may have one each.
 */
export function routeConfiguration(name: string, shell: JsonObject, hosts: readonly EncodedPart[]): XdsResource {
  const head = lazy(() => encode('envoy.config.route.v3.RouteConfiguration', { name, ...shell }));
  const version = lazy(() => contentHash([contentHash(head()), ...hosts.map((host) => host.version)].join()));
  return {
    kind: 'route',
    name,
    parts: hosts,
    get json() {
      return { name, virtual_hosts: hosts.map((host) => host.json), ...shell };
    },
    get origins() {
      return hosts.flatMap((host) => host.origins);
    },
    get bytes() {
      return joinPieces([ready(head()), ...hosts.map((host) => bytesField(2, host.bytes))]);
    },
    get version() {
      return version();
    },
  };
}

/** Whether two are the same to Envoy and to whoever asks where they came from. */
export function sameContent(a: EncodedPart | XdsResource, b: EncodedPart | XdsResource): boolean {
  if (a === b) return true;
  const same = a instanceof Part && b instanceof Part ? Part.sameMessage(a, b) : deepEqual(a.json, b.json);
  return same && deepEqual(a.origins, b.origins);
}

/** Whether two resources are the same to Envoy and to whoever asks where they came from. */
export function sameResource(a: XdsResource, b: XdsResource): boolean {
  if (a.ttl !== b.ttl) return false;
  if (a.parts === null || b.parts === null) return sameContent(a, b);
  const others = b.parts;
  return (
    a.name === b.name &&
    a.parts.length === others.length &&
    a.parts.every((part, index) => sameContent(part, others[index] ?? part))
  );
}
