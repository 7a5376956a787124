// Requests that carry the key by which a hashing policy chooses.
import type { HashKey } from '../../model/lb-policy.ts';
import type { Call } from './traffic.ts';
import { plainCall } from './traffic.ts';

/** Whether a request can carry the key at all; an address is not part of it. */
export function canCarry(hash: HashKey | null): boolean {
  return hash !== null && hash.kind !== 'source-ip';
}

/** A request from the user `key`, as the policy looks for it. A key that is no part of a request changes nothing. */
export function keyedCall(hash: HashKey | null, key: string): Call {
  switch (hash?.kind) {
    case 'header':
      return { path: '/', headers: { [hash.name.toLowerCase()]: key } };
    case 'cookie':
      return { path: '/', headers: { cookie: `${hash.name}=${key}` } };
    case 'query-parameter':
      return { path: `/?${encodeURIComponent(hash.name)}=${encodeURIComponent(key)}`, headers: {} };
    default:
      return plainCall;
  }
}
