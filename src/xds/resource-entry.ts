// One resource inside a response, in the forms of both variants of the protocol.
import type { XdsResource } from '../envoy/resource.ts';
import { typeUrls } from '../envoy/types.ts';
import { bytesField, joinPieces, messageField, numberField, type Piece, textField } from '../envoy/wire.ts';
import type { Protocol } from './requests.ts';

const wrapperUrl = 'type.googleapis.com/envoy.service.discovery.v3.Resource';

/** Field 2 with a google.protobuf.Any: `resources` of a SotW response, and Resource.resource. */
const anyOf = (typeUrl: string, bytes: Uint8Array): Piece =>
  messageField(2, [textField(1, typeUrl), bytesField(2, bytes)]);

/** A resource in a response: wrapped in envoy.service.discovery.v3.Resource in delta, its Any alone in SotW. */
export function entryOf(protocol: Protocol, resource: XdsResource): Piece {
  const { kind, name, version, bytes, ttl } = resource;
  const any = anyOf(typeUrls[kind], bytes);
  if (ttl !== undefined) return timed(protocol, resource, [any]);
  return protocol === 'sotw' ? any : messageField(2, [textField(1, version), any, textField(3, name)]);
}

/** Says that the client may go on to use what it has; in delta. */
export function heartbeatOf(resource: XdsResource): Piece {
  return timed('delta', resource, []);
}

/** With a time to live SotW wraps a resource too: its Any then holds a Resource. */
function timed(protocol: Protocol, { name, version, ttl = 0 }: XdsResource, body: readonly Piece[]): Piece {
  const duration = messageField(6, [numberField(1, ttl)]);
  const message = [textField(1, version), ...body, textField(3, name), duration];
  return protocol === 'delta' ? messageField(2, message) : anyOf(wrapperUrl, joinPieces(message));
}
