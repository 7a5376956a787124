// A response's bytes. Invariant: what several streams are sent is put together once; only the nonce is a stream's own.
import { hash } from 'node:crypto';
import type { XdsResource } from '../envoy/resource.ts';
import type { ResourceKind } from '../envoy/types.ts';
import { joinPieces, textField } from '../envoy/wire.ts';
import { memo } from '../lib/memo.ts';
import { recent } from '../lib/recent.ts';
import type { Protocol } from './requests.ts';
import { entryOf, heartbeatOf } from './resource-entry.ts';

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
  /** Resources with a time to live that the client has and may go on to use: told without their content, in delta. */
  readonly heartbeats?: readonly XdsResource[];
}

/** The version of a response with this content (DiscoveryResponse.version_info). */
export const contentVersion = memo((resources: readonly XdsResource[], removed: readonly string[]): string => {
  const content = [resources.map((resource) => [resource.name, resource.version]), removed];
  return hash('sha256', JSON.stringify(content), 'hex').slice(0, 16);
});

function encodeShared({ protocol, typeUrl, version, resources, removed, heartbeats = [] }: Response): Buffer {
  return joinPieces([
    textField(1, version),
    ...resources.map((resource) => entryOf(protocol, resource)),
    ...heartbeats.map((resource) => heartbeatOf(resource)),
    textField(4, typeUrl),
    ...removed.map((name) => textField(6, name)),
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

/** The encoded response with the nonce that it has on a stream. Fields may come in any order. */
export function encodeResponse(response: Response, nonce: string): ResponseBytes {
  return { own: joinPieces([textField(5, nonce)]), shared: sharedPart(response) };
}
