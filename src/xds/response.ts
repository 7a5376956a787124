// A response's bytes. Invariant: what several streams are sent is put together once; only the nonce is a stream's own.
import { hash } from 'node:crypto';
import type { XdsResource } from '../envoy/resource.ts';
import { type ResourceKind, typeUrls } from '../envoy/types.ts';
import { fieldHead, joinBytes, stringField } from '../envoy/wire.ts';
import { memo } from '../lib/memo.ts';
import { recent } from './recent.ts';
import type { Protocol } from './requests.ts';

/** A response to be sent: lists that streams share, and what is the stream's own. */
export interface Response {
  readonly protocol: Protocol;
  /** Null for a type that nobody here knows. */
  readonly kind: ResourceKind | null;
  readonly typeUrl: string;
  readonly nonce: string;
  /** A hash of the content: the same on every replica. */
  readonly version: string;
  readonly resources: readonly XdsResource[];
  /** Names that the client is told not to exist; always empty in SotW. */
  readonly removed: readonly string[];
}

/** The version of a response with this content (DiscoveryResponse.version_info). */
export const contentVersion = memo((resources: readonly XdsResource[], removed: readonly string[]): string => {
  const content = [resources.map((resource) => [resource.name, resource.version]), removed];
  return hash('sha256', JSON.stringify(content), 'hex').slice(0, 16);
});

/** What a resource is wrapped in: envoy.service.discovery.v3.Resource in delta, its Any alone in SotW. */
interface Wrapping {
  readonly before: readonly Uint8Array[];
  readonly after: readonly Uint8Array[];
}

/** Field numbers are those of DiscoveryResponse and DeltaDiscoveryResponse: `resources` is 2 in both, and so is Resource.resource. */
function wrap(protocol: Protocol, { kind, name, version }: XdsResource, length: number): Wrapping {
  const any = [stringField(1, typeUrls[kind]), fieldHead(2, length)];
  const head = fieldHead(2, lengthOf(any) + length);
  if (protocol === 'sotw') return { before: [head, ...any], after: [] };
  const [first, last] = [stringField(1, version), stringField(3, name)];
  const inner = first.length + head.length + lengthOf(any) + length + last.length;
  return { before: [fieldHead(2, inner), first, head, ...any], after: [last] };
}

const lengthOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.length, 0);

function entryOf(protocol: Protocol, resource: XdsResource): readonly Uint8Array[] {
  const { bytes } = resource;
  const { before, after } = wrap(protocol, resource, bytes.length);
  return [...before, bytes, ...after];
}

function encodeShared({ protocol, typeUrl, version, resources, removed }: Response): Buffer {
  return joinBytes([
    stringField(1, version),
    ...resources.flatMap((resource) => entryOf(protocol, resource)),
    stringField(4, typeUrl),
    ...removed.map((name) => stringField(6, name)),
  ]);
}

/** So long a response's bytes are kept after their last use, in milliseconds: others that start at the same time want them. */
const keepAwhile = recent<Buffer>(1_000);

/** Weak: a thousand groups have their own, and it is wanted again only while a change goes to many streams. */
interface SharedBytes {
  bytes: WeakRef<Buffer> | null;
}

const sharedBytes = memo(
  (
    _resources: readonly XdsResource[],
    _removed: readonly string[],
    _protocol: Protocol,
    _typeUrl: string,
  ): SharedBytes => ({
    bytes: null,
  }),
);

function sharedPart(response: Response): Buffer {
  if (response.resources.length === 0) return encodeShared(response);
  const shared = sharedBytes(response.resources, response.removed, response.protocol, response.typeUrl);
  const known = shared.bytes?.deref();
  if (known !== undefined) return keepAwhile(known);
  const bytes = encodeShared(response);
  shared.bytes = new WeakRef(bytes);
  return keepAwhile(bytes);
}

/** A message in two parts, to be sent one after the other. */
export interface ResponseBytes {
  /** What only this stream is sent: the nonce. */
  readonly own: Buffer;
  /** The same Buffer for all streams: never write to it. */
  readonly shared: Buffer;
}

/** The encoded response. Fields may come in any order. */
export function encodeResponse(response: Response): ResponseBytes {
  return { own: stringField(5, response.nonce), shared: sharedPart(response) };
}
