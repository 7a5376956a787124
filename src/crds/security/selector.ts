// The labels by which a policy chooses the workloads that it protects.
import { isObject, type JsonValue } from '../../lib/json.ts';
import type { Labels } from '../../model/endpoint.ts';
import { type Decoder, object, stringMap } from '../values/decode.ts';

const fields = object({ matchLabels: stringMap });

/** What of a selector cannot be read chooses nobody away: a policy would rather hold for too many than for too few. */
export const workloadSelector: Decoder<Labels> = (value, spot) => fields(value, spot)?.matchLabels ?? new Map();

/** Null: it chooses everything. */
export const chosenBy = (selector: Labels | undefined): Labels | null =>
  selector === undefined || selector.size === 0 ? null : selector;

/** Whether something is written that was not read. */
export function hasFields(value: JsonValue): boolean {
  return !isObject(value) || Object.values(value).some((each) => each !== null);
}
