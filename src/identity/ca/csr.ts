// Certificate signing requests (PKCS#10, RFC 2986). Invariant: of what a request asks for nothing counts but its key.
import 'reflect-metadata';
import { createPublicKey, webcrypto } from 'node:crypto';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { pemBlocks } from '../pem.ts';
import { keyFault } from './signing-key.ts';

export type CsrOutcome =
  /** The key as DER (SubjectPublicKeyInfo). */
  | { readonly kind: 'read'; readonly publicKey: Uint8Array }
  /** The reason has nothing of the request in it. */
  | { readonly kind: 'refused'; readonly reason: string };

/** In characters: with an RSA key of 8192 bits it takes about 4,000. */
const longest = 16 << 10;

/** Reads a request in PEM, and checks that whoever made it has the key. */
export async function readCsr(text: string): Promise<CsrOutcome> {
  if (text.length > longest) return refused(`is longer than ${longest} characters`);
  const [pem, second] = [...pemBlocks(text, 'CERTIFICATE REQUEST'), ...pemBlocks(text, 'NEW CERTIFICATE REQUEST')];
  if (pem === undefined || second !== undefined) return refused('is not one block of PEM, CERTIFICATE REQUEST');
  const request = parse(pem);
  if (request === null) return refused('cannot be read');
  const publicKey = new Uint8Array(request.publicKey.rawData);
  const fault = faultOf(publicKey);
  if (fault !== null) return refused(fault);
  const signed = await request.verify(webcrypto).catch(() => false);
  return signed ? { kind: 'read', publicKey } : refused('is not signed with the key that it is for');
}

function parse(pem: string): Pkcs10CertificateRequest | null {
  try {
    return new Pkcs10CertificateRequest(pem);
  } catch {
    return null;
  }
}

/** Before any work is done with the key. */
function faultOf(publicKey: Uint8Array): string | null {
  try {
    const fault = keyFault(createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' }));
    return fault === null ? null : `has a key that is not signed here: it ${fault}`;
  } catch {
    return 'has a key that cannot be read';
  }
}

function refused(what: string): CsrOutcome {
  return { kind: 'refused', reason: `the certificate signing request ${what}` };
}
