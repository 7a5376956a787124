// Which Pods a Service (core/v1) selects. Not part of its typed value, for nothing that proxies get depends on it.
import { isObject } from '../lib/json.ts';
import type { Labels } from '../model/endpoint.ts';
import type { SourceObject } from '../model/object.ts';
import { originOf } from '../model/origin.ts';
import { selector } from './values/decode.ts';

/** The labels of the Pods behind a Service; null where it selects none by itself. What is wrong with them decoding says. */
export function podSelector({ id, json }: SourceObject): Labels | null {
  const given = isObject(json['spec']) ? (json['spec']['selector'] ?? null) : null;
  const labels = given === null ? undefined : selector(given, { origin: originOf(id), diagnostics: [] });
  return labels === undefined || labels.size === 0 ? null : labels;
}
