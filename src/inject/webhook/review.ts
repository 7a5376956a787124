// AdmissionReview (admission.k8s.io): what an API server asks before it stores an object, and the answer.
import { isObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import type { PatchOperation } from './json-patch.ts';

export interface Review {
  readonly apiVersion: string;
  readonly uid: string;
  /** Of what is stored: `''` for the core group. */
  readonly group: string;
  readonly kind: string;
  readonly operation: string;
  /** Empty for objects of the whole cluster. */
  readonly namespace: string;
  /** Null where one is deleted. */
  readonly object: JsonObject | null;
}

export type ReviewRead =
  | { readonly kind: 'review'; readonly review: Review }
  | { readonly kind: 'bad'; readonly why: string };

const versions: readonly string[] = ['admission.k8s.io/v1', 'admission.k8s.io/v1beta1'];
/** Lists and mappings within each other: no object of Kubernetes comes near. */
const deepest = 200;

/** Reads the body of a request. Whatever it is, this ends, and says why it is of no use. */
export function readReview(body: string): ReviewRead {
  const bad = (why: string): ReviewRead => ({ kind: 'bad', why });
  let json: JsonValue;
  try {
    json = JSON.parse(body);
  } catch {
    return bad('the body is not JSON');
  }
  if (!isObject(json) || json['kind'] !== 'AdmissionReview') return bad('the body is no AdmissionReview');
  const { apiVersion, request } = json;
  if (typeof apiVersion !== 'string' || !versions.includes(apiVersion))
    return bad(`apiVersion is none of ${versions.join(', ')}`);
  if (!isObject(request)) return bad('there is no request');
  const { uid, kind, operation, namespace, object } = request;
  if (typeof uid !== 'string' || uid === '' || uid.length > 256) return bad('request.uid is missing, or too long');
  if (!isObject(kind) || typeof kind['kind'] !== 'string') return bad('request.kind is missing');
  if (typeof operation !== 'string') return bad('request.operation is missing');
  if (!isObject(object) && (object ?? null) !== null) return bad('request.object is no object');
  if (depthOf(json) > deepest) return bad(`the object is nested more than ${deepest} deep`);
  const group = kind['group'];
  return {
    kind: 'review',
    review: {
      ...{ apiVersion, uid, operation, kind: kind['kind'] },
      group: typeof group === 'string' ? group : '',
      namespace: typeof namespace === 'string' ? namespace : '',
      object: isObject(object) ? object : null,
    },
  };
}

/** How deep a value is nested, as far as it matters; level by level, so that no depth is too much for it. */
function depthOf(value: JsonValue): number {
  let level: readonly JsonValue[] = [value];
  for (let depth = 0; ; depth += 1) {
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
    if (level.length === 0 || depth > deepest) return depth;
  }
}

export type Verdict =
  | { readonly kind: 'allowed'; readonly patch: readonly PatchOperation[]; readonly warnings: readonly string[] }
  | { readonly kind: 'denied'; readonly message: string; readonly warnings: readonly string[] };

/** So much of a warning an API server hands on. */
const longestWarning = 256;
const mostWarnings = 16;

/** The answer, in the version of the question and with its uid. */
export function reviewAnswer({ apiVersion, uid }: Review, verdict: Verdict): JsonObject {
  const warnings = verdict.warnings.slice(0, mostWarnings).map((each) => each.slice(0, longestWarning));
  const patch = verdict.kind === 'allowed' ? verdict.patch : [];
  return {
    apiVersion,
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed: verdict.kind === 'allowed',
      ...(warnings.length > 0 && { warnings }),
      ...(patch.length > 0 && {
        patchType: 'JSONPatch',
        patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
      }),
      ...(verdict.kind === 'denied' && { status: { code: 403, reason: 'Forbidden', message: verdict.message } }),
    },
  };
}
