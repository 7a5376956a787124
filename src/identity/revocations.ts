// Lists of revoked certificates (CRLs, RFC 5280). OpenSSL checks clients by them; here they are read to say early what it
// would refuse later.
import 'reflect-metadata';
import type { X509Certificate } from 'node:crypto';
import { X509Crl } from '@peculiar/x509';
import { subjectName } from './certificate.ts';
import { pemBlocks } from './pem.ts';

export interface RevocationList {
  readonly pem: string;
  /** The issuer's name as DER. */
  readonly issuer: Buffer;
  /** In milliseconds since 1970; null: it holds for ever. */
  readonly nextUpdate: number | null;
}

/** Null where there is none, or one that cannot be read. */
export function readRevocations(text: string): readonly RevocationList[] | null {
  try {
    const lists = pemBlocks(text, 'X509 CRL').map((pem): RevocationList => {
      const { issuerName, nextUpdate } = new X509Crl(pem);
      return { pem, issuer: Buffer.from(issuerName.toArrayBuffer()), nextUpdate: nextUpdate?.getTime() ?? null };
    });
    return lists.length === 0 ? null : lists;
  } catch {
    return null;
  }
}

/** The CAs without a current list. Where lists are used at all, OpenSSL refuses every client of those. */
export function unrevocable(
  authorities: readonly X509Certificate[],
  lists: readonly RevocationList[] | undefined,
): readonly X509Certificate[] {
  const current = lists?.filter(({ nextUpdate }) => nextUpdate === null || nextUpdate > Date.now());
  if (current === undefined) return [];
  return authorities.filter((authority) => {
    const name = subjectName(authority);
    return name === null || !current.some(({ issuer }) => issuer.equals(name));
  });
}
