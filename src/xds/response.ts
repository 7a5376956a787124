// A response's bytes. Invariant: what several streams are sent is put together once; only the nonce is a stream's own.
import { hash } from 'node:crypto';
import type { XdsResource } from '../envoy/resource.ts';
import { type ResourceKind, typeUrls } from '../envoy/types.ts';
import { fieldHead, joinBytes, stringField } from '../envoy/wire.ts';
import { memo } from '../lib/memo.ts';
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

interface Entry {
  /** envoy.service.discovery.v3.Resource as DeltaDiscoveryResponse.resources. */
  readonly delta: Uint8Array;
  /** Its Any, as DiscoveryResponse.resources: the same bytes, for Resource.resource has the same field number, 2. */
  readonly sotw: Uint8Array;
}

function encodeEntry(resource: XdsResource): Entry {
  const { bytes } = resource;
  const anyHead = [stringField(1, typeUrls[resource.kind]), fieldHead(2, bytes.length)];
  const anyLength = anyHead.reduce((sum, part) => sum + part.length, bytes.length);
  const any = [fieldHead(2, anyLength), ...anyHead, bytes];
  const before = stringField(1, resource.version);
  const after = stringField(3, resource.name);
  const length = any.reduce((sum, part) => sum + part.length, before.length + after.length);
  const head = fieldHead(2, length);
  const delta = joinBytes([head, before, ...any, after]);
  return { delta, sotw: delta.subarray(head.length + before.length, delta.length - after.length) };
}

const keptEntry = memo(encodeEntry);

/** Route configurations are large and one group's own: theirs live as long as the response that they are put into. */
const entryOf = (resource: XdsResource): Entry =>
  resource.kind === 'route' ? encodeEntry(resource) : keptEntry(resource);

/** The version of a response with this content (DiscoveryResponse.version_info). */
export const contentVersion = memo((resources: readonly XdsResource[], removed: readonly string[]): string => {
  const content = [resources.map((resource) => [resource.name, resource.version]), removed];
  return hash('sha256', JSON.stringify(content), 'hex').slice(0, 16);
});

/** Field numbers are those of DiscoveryResponse and DeltaDiscoveryResponse, which agree in all but removed_resources. */
function encodeShared({ protocol, typeUrl, version, resources, removed }: Response): Buffer {
  return joinBytes([
    stringField(1, version),
    ...resources.map((resource) => entryOf(resource)[protocol]),
    stringField(4, typeUrl),
    ...removed.map((name) => stringField(6, name)),
  ]);
}

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
  if (known !== undefined) return known;
  const bytes = encodeShared(response);
  shared.bytes = new WeakRef(bytes);
  return bytes;
}

/** The encoded response. Fields may come in any order: the nonce, a stream's own, comes last. */
export function encodeResponse(response: Response): Buffer {
  return Buffer.concat([sharedPart(response), stringField(5, response.nonce)]);
}
