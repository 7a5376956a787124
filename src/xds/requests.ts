// A client's request, decoded and bounded. What arrives is not to be trusted; what cannot be read closes one stream.
import { messageType } from '../envoy/descriptors.ts';
import { partialMessage } from '../envoy/wire.ts';
import { lazy } from '../lib/memo.ts';
import { namesFrom, ofList } from './name-list.ts';
import { takeApart, textsOf } from './request-fields.ts';

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

/** The numbers of the fields that are read, as the descriptors have them. */
interface Numbers {
  readonly names: number;
  readonly unsubscribe: number;
  readonly versions: number;
  readonly typeUrl: number;
  readonly nonce: number;
  readonly version: number;
  readonly node: number;
  readonly error: number;
}

function numbersOf(message: string, names: string): Numbers {
  const { fields } = messageType(message);
  /** 0, which no field has, where the message does not have it. */
  const number = (field: string): number => fields[field]?.id ?? 0;
  return {
    names: number(names),
    unsubscribe: number('resource_names_unsubscribe'),
    versions: number('initial_resource_versions'),
    typeUrl: number('type_url'),
    nonce: number('response_nonce'),
    version: number('version_info'),
    node: number('node'),
    error: number('error_detail'),
  };
}

const numbers: { readonly [P in Protocol]: () => Numbers } = {
  sotw: lazy(() => numbersOf('envoy.service.discovery.v3.DiscoveryRequest', 'resource_names')),
  delta: lazy(() => numbersOf('envoy.service.discovery.v3.DeltaDiscoveryRequest', 'resource_names_subscribe')),
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

/** Why the request is out of bounds; null: it is not. */
function complaint({ typeUrl, nonce, names, unsubscribe, versions }: Contents): string | null {
  if (typeUrl === '') return 'the request has no type_url';
  if (names.length + unsubscribe.length + versions.size > mostNames) {
    return `the request names more than ${mostNames} resources`;
  }
  const fine = isShort(typeUrl) && isShort(nonce) && areShort(names) && unsubscribe.every(isShort);
  return fine && versions.keys().every(isShort) ? null : `the request has a name longer than ${limits.name} bytes`;
}

const isShort = (text: string): boolean => text.length <= limits.name;
const areShort = ofList((names) => names.every(isShort));

/** What is read of both requests; of a field that comes twice the last one counts. */
interface Contents {
  typeUrl: string;
  nonce: string;
  version: string;
  node: Buffer | null;
  error: string | null;
  names: readonly string[];
  readonly unsubscribe: string[];
  readonly versions: Map<string, string>;
}

/** In bytes: from there on lists of names are compared before they are read. */
const longList = 1 << 10;

/** A long list of names is the same object whenever its bytes are the same. Null: the bytes are no message. */
function readContents(bytes: Buffer, number: Numbers): Contents | null {
  const said = { typeUrl: '', nonce: '', version: '', node: null, error: null };
  const contents: Contents = { ...said, names: [], unsubscribe: [], versions: new Map() };
  const strays: string[] = [];
  const run = takeApart(bytes, number.names, (field, start, end) => {
    if (field === number.names) strays.push(bytes.toString('utf8', start, end));
    else take(contents, field, bytes.subarray(start, end), number);
  });
  if (run === null) return null;
  const names = run.length < longList ? textsOf(run) : namesFrom(run, textsOf);
  contents.names = strays.length === 0 ? names : names.concat(strays);
  return contents;
}

function take(into: Contents, field: number, bytes: Buffer, number: Numbers): void {
  if (field === number.typeUrl) into.typeUrl = bytes.toString();
  else if (field === number.nonce) into.nonce = bytes.toString();
  else if (field === number.version) into.version = bytes.toString();
  else if (field === number.node) into.node = bytes;
  else if (field === number.error) into.error = errorText(bytes);
  else if (field === number.unsubscribe) into.unsubscribe.push(bytes.toString());
  else if (field === number.versions) into.versions.set(...entryOf(bytes));
}

/** An entry of a map of texts: its key is field 1, its value field 2. */
function entryOf(bytes: Buffer): [string, string] {
  const entry: [string, string] = ['', ''];
  const whole = takeApart(bytes, 0, (field, start, end) => {
    if (field === 1 || field === 2) entry[field - 1] = bytes.toString('utf8', start, end);
  });
  if (whole === null) throw new Error('the entry is no message');
  return entry;
}

const notOne: DecodedRequest = { kind: 'refused', reason: 'the request is not a discovery request' };

/** Reads a request. Bytes that are no request, and whatever is out of bounds, give a reason to close the stream. */
export function decodeRequest(protocol: Protocol, bytes: Buffer): DecodedRequest {
  try {
    const contents = readContents(bytes, numbers[protocol]());
    if (contents === null) return notOne;
    const reason = complaint(contents);
    if (reason !== null) return { kind: 'refused', reason };
    const { typeUrl, nonce, error, node, names, unsubscribe, version, versions } = contents;
    const request: DiscoveryRequest =
      protocol === 'sotw'
        ? { protocol, typeUrl, nonce, error, node, version, names }
        : { protocol, typeUrl, nonce, error, node, subscribe: names, unsubscribe, versions };
    return { kind: 'request', request };
  } catch {
    return notOne;
  }
}
