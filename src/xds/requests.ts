// A client's request, decoded and bounded. What arrives is not to be trusted; what cannot be read closes one stream.
import type protobuf from 'protobufjs';
import { partialMessage } from '../envoy/wire.ts';
import { lazy } from '../lib/memo.ts';
import { namesFrom, ofList, splitNames } from './name-list.ts';

/** The two variants of xDS: state of the world, and incremental. */
export type Protocol = 'sotw' | 'delta';

interface RequestBase {
  readonly typeUrl: string;
  /** The nonce of the response that this answers; empty where it answers none. */
  readonly nonce: string;
  /** Why the client refused that response (at most 4 KiB), or null. */
  readonly error: string | null;
  /** The encoded envoy.config.core.v3.Node, where the request has one. */
  readonly node: Uint8Array | null;
}

/** envoy.service.discovery.v3.DiscoveryRequest */
export interface SotwRequest extends RequestBase {
  readonly protocol: 'sotw';
  /** The version of the last response that the client has taken, be it on an earlier stream; empty where there is none. */
  readonly version: string;
  readonly names: readonly string[];
}

/** envoy.service.discovery.v3.DeltaDiscoveryRequest */
export interface DeltaRequest extends RequestBase {
  readonly protocol: 'delta';
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** What the client holds already, by name. */
  readonly versions: ReadonlyMap<string, string>;
}

export type DiscoveryRequest = SotwRequest | DeltaRequest;

export type DecodedRequest =
  | { readonly kind: 'request'; readonly request: DiscoveryRequest }
  | { readonly kind: 'refused'; readonly reason: string };

/** In bytes. */
export const limits = { request: 4 << 20, name: 4 << 10, message: 4 << 10 } as const;
/** How many resources one stream may name. */
export const mostNames = 100_000;

/** Both requests, as far as they are read; protobufjs gives empty defaults for what is not set. */
interface RawRequest {
  readonly type_url: string;
  readonly response_nonce: string;
  readonly version_info: string;
  readonly node?: Uint8Array;
  readonly error_detail?: Uint8Array;
  readonly resource_names: readonly string[];
  readonly resource_names_subscribe: readonly string[];
  readonly resource_names_unsubscribe: readonly string[];
  readonly initial_resource_versions: Readonly<Record<string, string>>;
}

const shared = ['type_url', 'response_nonce'];
const subMessages = ['node', 'error_detail'];
const readers: { readonly [P in Protocol]: () => protobuf.Type } = {
  sotw: lazy(() =>
    partialMessage(
      'envoy.service.discovery.v3.DiscoveryRequest',
      [...shared, 'version_info', 'resource_names'],
      subMessages,
    ),
  ),
  delta: lazy(() =>
    partialMessage(
      'envoy.service.discovery.v3.DeltaDiscoveryRequest',
      [...shared, 'resource_names_subscribe', 'resource_names_unsubscribe', 'initial_resource_versions'],
      subMessages,
    ),
  ),
};
const statusReader = lazy(() => partialMessage('google.rpc.Status', ['message']));

/** Cuts a text to `limits.message` bytes of UTF-8, at the end of a character. */
export function shorten(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= limits.message) return text;
  let end: number = limits.message;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}

function errorText(status: Uint8Array): string {
  const { message } = statusReader().decode(status) as unknown as { message: string };
  return shorten(message === '' ? 'refused without a message' : message);
}

function complaint(typeUrl: string, nonce: string, lists: readonly (readonly string[])[]): string | null {
  if (typeUrl === '') return 'the request has no type_url';
  const count = lists.reduce((sum, names) => sum + names.length, 0);
  if (count > mostNames) return `the request names more than ${mostNames} resources`;
  const fine = isShort(typeUrl) && isShort(nonce) && lists.every((names) => areShort(names));
  return fine ? null : `the request has a name longer than ${limits.name} bytes`;
}

const isShort = (text: string): boolean => text.length <= limits.name;
const areShort = ofList((names) => names.every(isShort));

/** The request's fields; a long list of names is the same object whenever its bytes are the same. */
function readRequest(protocol: Protocol, bytes: Uint8Array): RawRequest {
  const read = (part: Uint8Array): RawRequest => readers[protocol]().decode(part) as unknown as RawRequest;
  const split = splitNames(bytes);
  if (split === null) return read(bytes);
  const field = protocol === 'sotw' ? 'resource_names' : 'resource_names_subscribe';
  const names = namesFrom(split.names, (part) => read(part)[field]);
  return Object.assign(read(split.rest), { [field]: names });
}

/** Reads a request. Bytes that are no request, and whatever is out of bounds, give a reason to close the stream. */
export function decodeRequest(protocol: Protocol, bytes: Uint8Array): DecodedRequest {
  try {
    const raw = readRequest(protocol, bytes);
    const base = {
      typeUrl: raw.type_url,
      nonce: raw.response_nonce,
      error: Object.hasOwn(raw, 'error_detail') ? errorText(raw.error_detail ?? Buffer.alloc(0)) : null,
      node: Object.hasOwn(raw, 'node') ? (raw.node ?? null) : null,
    };
    const request: DiscoveryRequest =
      protocol === 'sotw'
        ? { protocol, ...base, version: raw.version_info, names: raw.resource_names }
        : {
            protocol,
            ...base,
            subscribe: raw.resource_names_subscribe,
            unsubscribe: raw.resource_names_unsubscribe,
            versions: new Map(Object.entries(raw.initial_resource_versions)),
          };
    const reason = complaint(base.typeUrl, base.nonce, listsOf(request));
    return reason === null ? { kind: 'request', request } : { kind: 'refused', reason };
  } catch {
    return { kind: 'refused', reason: 'the request is not a discovery request' };
  }
}

function listsOf(request: DiscoveryRequest): readonly (readonly string[])[] {
  if (request.protocol === 'sotw') return [request.names];
  return [request.subscribe, request.unsubscribe, [...request.versions.keys()]];
}
