// The one change that takes effect before it is quiet: other endpoints behind the same services. Whatever else changes may be
// a part of a change to several files.
import { deepEqual } from 'fast-equals';
import { endpointSliceKind } from '../crds/endpoint-slice.ts';
import { isObject, type JsonObject } from '../lib/json.ts';
import { type ObjectId, objectName } from '../model/object.ts';
import type { ParsedFile } from './yaml.ts';

/** Whether the next version of a file is a good one that differs in the endpoints of EndpointSlices alone. */
export function changesEndpointsOnly(held: ParsedFile, next: ParsedFile): boolean {
  if (next.findings.length > 0 || next.objects.size !== held.objects.size) return false;
  return next.objects.values().every(({ id, json }) => {
    const before = held.objects.get(id)?.json;
    return before === json || (before !== undefined && isEndpointSlice(id) && sameButEndpoints(before, json));
  });
}

function isEndpointSlice(id: ObjectId): boolean {
  const { group, kind } = objectName(id);
  return group === endpointSliceKind.group && kind === endpointSliceKind.kind;
}

/** Of the metadata the labels count: they name the service. */
function sameButEndpoints(a: JsonObject, b: JsonObject): boolean {
  const rest = ({ metadata, ...others }: JsonObject): JsonObject => ({
    ...others,
    endpoints: null,
    metadata: (isObject(metadata) ? metadata['labels'] : null) ?? null,
  });
  return deepEqual(rest(a), rest(b));
}
