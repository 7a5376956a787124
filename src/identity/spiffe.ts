// SPIFFE ids: `spiffe://TRUST-DOMAIN/PATH`, and those of Kubernetes workloads among them.
// https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md
import type { WorkloadIdentity } from '../model/identity.ts';

export type SpiffeOutcome =
  | { readonly kind: 'workload'; readonly identity: WorkloadIdentity }
  /** The reason has nothing of the text in it: whoever sent it chose that. */
  | { readonly kind: 'refused'; readonly reason: string };

/** In bytes; an id has ASCII characters only. */
const limits = { id: 2048, trustDomain: 255 } as const;

const scheme = 'spiffe://';

/**
 * Reads `spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT`. As the standard has it, without any tolerance: no port, no
 * user, no query, no fragment, nothing percent-encoded, no capital letters in the trust domain, no empty segment, no `.` or `..`.
 */
export function parseSpiffeId(uri: string): SpiffeOutcome {
  if (uri.length > limits.id) return refused(`is longer than ${limits.id} bytes`);
  if (!uri.startsWith(scheme)) return refused(`does not begin with ${scheme}`);
  const [trustDomain = '', ...segments] = uri.slice(scheme.length).split('/');
  if (!isTrustDomain(trustDomain)) return refused('has no valid trust domain');
  if (!segments.every(isSegment)) return refused('has a path that the standard does not allow');
  const [ns, namespace, sa, serviceAccount, ...rest] = segments;
  if (ns !== 'ns' || sa !== 'sa' || namespace === undefined || serviceAccount === undefined || rest.length > 0) {
    return refused('is not of the form spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT');
  }
  return { kind: 'workload', identity: { trustDomain, namespace, serviceAccount } };
}

/** Lower-case letters, digits, `.`, `-`, `_`. */
export function isTrustDomain(text: string): boolean {
  return text.length <= limits.trustDomain && /^[a-z0-9._-]+$/.test(text);
}

/** The id as text, the other way round. */
export function spiffeId({ trustDomain, namespace, serviceAccount }: WorkloadIdentity): string {
  return `${scheme}${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}

function isSegment(text: string): boolean {
  return /^[a-zA-Z0-9._-]+$/.test(text) && text !== '.' && text !== '..';
}

function refused(what: string): SpiffeOutcome {
  return { kind: 'refused', reason: `the SPIFFE id in the certificate ${what}` };
}
