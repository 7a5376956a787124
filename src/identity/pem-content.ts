// Certificates and keys in PEM files, with what to say where there are none.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { pemBlocks } from './pem.ts';
import { Broken, type PemFile } from './pem-file.ts';

type Text = Pick<PemFile, 'path' | 'text'>;

export type NotEmpty<T> = readonly [T, ...(readonly T[])];

/** All certificates of a file, of which there has to be one. Throws Broken. */
export function certificatesIn({ path, text }: Text): NotEmpty<X509Certificate> {
  const parsed = pemBlocks(text, 'CERTIFICATE').map((pem) => {
    try {
      return new X509Certificate(pem);
    } catch {
      throw new Broken(`${path} has a certificate that cannot be read: it has to be PEM`);
    }
  });
  const [first, ...rest] = parsed;
  if (first === undefined)
    throw new Broken(`${path} has no certificate: it has to be PEM, -----BEGIN CERTIFICATE-----`);
  return [first, ...rest];
}

/** PKCS#1, PKCS#8 or SEC 1, of any algorithm. Throws Broken. */
export function privateKeyIn({ path, text }: Text): KeyObject {
  try {
    return createPrivateKey(text);
  } catch {
    const locked = text.includes('ENCRYPTED');
    const why = locked ? 'is locked with a passphrase: store it without' : 'has no private key that can be read';
    throw new Broken(`${path} ${why}: it has to be PEM, -----BEGIN PRIVATE KEY-----`);
  }
}

/** How the certificate is called in messages. */
export function subjectOf(certificate: X509Certificate): string {
  const named = certificate.subject?.replaceAll('\n', ', ') ?? '';
  return named === '' ? `the one with serial number ${certificate.serialNumber}` : named;
}

export function hasExpired(certificate: X509Certificate): boolean {
  return certificate.validToDate.getTime() < Date.now();
}
