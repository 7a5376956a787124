// One resource inside a response, in the forms of both variants of the protocol.
import type { XdsResource } from '../envoy/resource.ts';
import { typeUrls } from '../envoy/types.ts';
import { fieldHead, joinBytes, lengthDelimited, numberField, stringField } from '../envoy/wire.ts';
import type { Protocol } from './requests.ts';

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

/** The pieces of a resource in a response. */
export function entryOf(protocol: Protocol, resource: XdsResource): readonly Uint8Array[] {
  if (resource.ttl !== undefined) return [timed(protocol, resource, [anyOf(typeUrls[resource.kind], resource.bytes)])];
  const { bytes } = resource;
  const { before, after } = wrap(protocol, resource, bytes.length);
  return [...before, bytes, ...after];
}

/** Says that the client may go on to use what it has; in delta. */
export function heartbeatOf(resource: XdsResource): Uint8Array {
  return timed('delta', resource, []);
}

const wrapperUrl = 'type.googleapis.com/envoy.service.discovery.v3.Resource';

const anyOf = (typeUrl: string, bytes: Uint8Array): Uint8Array =>
  lengthDelimited(2, joinBytes([stringField(1, typeUrl), lengthDelimited(2, bytes)]));

/** With a time to live SotW wraps a resource too: its Any then holds a Resource. */
function timed(protocol: Protocol, { name, version, ttl = 0 }: XdsResource, body: readonly Uint8Array[]): Uint8Array {
  const duration = lengthDelimited(6, numberField(1, ttl));
  const message = joinBytes([stringField(1, version), ...body, stringField(3, name), duration]);
  return protocol === 'delta' ? lengthDelimited(2, message) : anyOf(wrapperUrl, message);
}
