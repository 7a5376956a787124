// Keys that sign certificates: which ones may, and how they do it.
import { type KeyObject, webcrypto } from 'node:crypto';

/** A key as the Web Crypto API signs with it. */
export interface SigningKey {
  readonly key: webcrypto.CryptoKey;
  readonly algorithm: webcrypto.Algorithm & { readonly hash?: string };
}

/** By Node's names of curves. */
const curves: Readonly<Record<string, { readonly namedCurve: string; readonly hash: string }>> = {
  prime256v1: { namedCurve: 'P-256', hash: 'SHA-256' },
  secp384r1: { namedCurve: 'P-384', hash: 'SHA-384' },
  secp521r1: { namedCurve: 'P-521', hash: 'SHA-512' },
};
/** In bits: fewer are weak, more take long. */
const rsaBits = { least: 2048, most: 8192 } as const;

const unusable = 'has to be EC (P-256, P-384 or P-521), Ed25519, or RSA of 2048 to 8192 bits';

function algorithmOf(key: KeyObject): (webcrypto.Algorithm & { hash?: string; namedCurve?: string }) | null {
  const { namedCurve = '', modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ed25519') return { name: 'Ed25519' };
  if (key.asymmetricKeyType === 'ec' && Object.hasOwn(curves, namedCurve)) {
    return { name: 'ECDSA', ...curves[namedCurve] };
  }
  const fits = modulusLength >= rsaBits.least && modulusLength <= rsaBits.most;
  return key.asymmetricKeyType === 'rsa' && fits ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } : null;
}

/** Null, or what the key would have to be: public keys that are signed and private keys that sign are of the same kinds. */
export function keyFault(key: KeyObject): string | null {
  return algorithmOf(key) === null ? unusable : null;
}

/** Null for a key that may not sign. */
export async function signingKey(key: KeyObject): Promise<SigningKey | null> {
  const algorithm = algorithmOf(key);
  if (algorithm === null) return null;
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  return { key: await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']), algorithm };
}

/** A new key pair, EC P-256, which can be exported. */
export function newKeyPair(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
}

/** PKCS#8 as PEM. */
export async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  const base64 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}
