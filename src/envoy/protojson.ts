// Strict proto3 JSON: a field that Envoy does not know is an error, never silently dropped.
import protojson from 'protobufjs/ext/protojson.js';
import type { JsonObject } from '../lib/json.ts';
import { messageType } from './descriptors.ts';

/**
 * Encodes a message from its JSON form (snake_case names, `@type` in every Any).
 * Throws on an unknown field, type or enum value: that is a fault of Sluice.
 */
export function encodeMessage(type: string, json: JsonObject): Uint8Array {
  const messages = messageType(type);
  const view = messages.encode(protojson.fromJson(messages, json as Record<string, unknown>)).finish();
  // A copy: the view would keep protobufjs' pooled slab alive.
  return Uint8Array.prototype.slice.call(view);
}

/** Decodes a message into proto3 JSON (lowerCamelCase names). Throws on bytes that are no such message. */
export function decodeMessage(type: string, bytes: Uint8Array): JsonObject {
  const messages = messageType(type);
  return protojson.toJson(messages, messages.decode(bytes)) as JsonObject;
}
