// Who is at the other end of a connection: the workload whose SPIFFE identity is in the client's certificate.
// https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md
import type { X509Certificate } from 'node:crypto';
import { memo } from '../lib/memo.ts';
import type { WorkloadIdentity } from '../model/identity.ts';
import { readCertificate } from './certificate.ts';
import { parseSpiffeId } from './spiffe.ts';

interface Connection {
  /** Null on plain text. */
  readonly tls: {
    /** Null: the client showed none. */
    readonly certificate: X509Certificate | null;
    /** Why its chain does not hold, in OpenSSL's words; null: it does. */
    readonly error: string | null;
  } | null;
}

type Authentication =
  | { readonly kind: 'accepted'; readonly identity: WorkloadIdentity | null }
  | { readonly kind: 'refused'; readonly reason: string };

export interface Trust {
  /** Identities of all other trust domains are refused, whoever signed them. Asked at every stream. */
  readonly trustDomains: () => readonly string[];
  /** The time, in milliseconds since 1970; for tests. */
  readonly now?: () => number;
}

/**
 * Decides by the certificate, at the beginning of every stream: a connection may be older than its certificate is valid.
 * The chain was checked when the connection was made, by what was trusted then. Plain text is accepted and has no identity.
 */
export function spiffeAuthenticator({
  trustDomains,
  now = Date.now,
}: Trust): (connection: Connection) => Authentication {
  return ({ tls }) => {
    if (tls === null) return { kind: 'accepted', identity: null };
    const { certificate, error } = tls;
    if (certificate === null) return refused('a client certificate is required');
    if (error !== null) return refused(chainReason(error));
    const at = now();
    if (at < certificate.validFromDate.getTime()) return refused('the client certificate is not valid yet');
    if (at > certificate.validToDate.getTime()) return refused('the client certificate has expired');
    const outcome = workloadOf(certificate);
    if (outcome.kind === 'refused') return outcome;
    const { trustDomain } = outcome.identity;
    if (trustDomains().includes(trustDomain)) return outcome;
    return refused(`the trust domain ${trustDomain} of the client certificate is not one that is accepted here`);
  };
}

type Workload = { readonly kind: 'accepted'; readonly identity: WorkloadIdentity } | ReturnType<typeof refused>;

const workloadOf = memo((certificate: X509Certificate): Workload => {
  const content = readCertificate(certificate);
  if (content === null) return refused('the client certificate cannot be read');
  const { uris, signs, usages } = content;
  if (signs) return refused('the client certificate is one that signs others, not that of a workload');
  if (!usages.includes('client')) return refused('the client certificate may not be used by a client (no clientAuth)');
  const [uri] = uris;
  if (uri === undefined || uris.length > 1) {
    return refused(`the client certificate has ${uris.length} URI names, and has to have one: its SPIFFE id`);
  }
  const outcome = parseSpiffeId(uri);
  return outcome.kind === 'workload' ? { kind: 'accepted', identity: outcome.identity } : refused(outcome.reason);
});

/** OpenSSL's codes that users meet; the others are told as they are. */
const chainReasons: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the client certificate has expired',
  CERT_NOT_YET_VALID: 'the client certificate is not valid yet',
  CERT_REVOKED: 'the client certificate is revoked',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the client certificate is self-signed',
  INVALID_PURPOSE: 'the client certificate may not be used by a client (no clientAuth)',
  SELF_SIGNED_CERT_IN_CHAIN: 'the client certificate is not from a CA that is trusted here',
  UNABLE_TO_GET_ISSUER_CERT: 'the client certificate is not from a CA that is trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the client certificate is not from a CA that is trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the client certificate is not from a CA that is trusted here',
  UNABLE_TO_GET_CRL: 'the CA of the client certificate is not trusted here, or ca.crl has no list of it',
  CRL_HAS_EXPIRED: 'the list of revoked certificates (ca.crl) is too old',
};

function chainReason(error: string): string {
  const known = Object.hasOwn(chainReasons, error) ? chainReasons[error] : undefined;
  return known === undefined ? `the client certificate does not hold: ${error}` : `${known} (${error})`;
}

function refused(reason: string): { readonly kind: 'refused'; readonly reason: string } {
  return { kind: 'refused', reason };
}
