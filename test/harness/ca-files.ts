// CAs as others make them: with keys of any kind, intermediates, and mistakes.
import 'reflect-metadata';
import { createPublicKey, generateKeyPairSync, type KeyObject, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PublicKey,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { CaFiles } from '../../src/identity/ca/ca-material.ts';
import { type SigningKey, signingKey } from '../../src/identity/ca/signing-key.ts';

const hour = 3_600_000;

export type KeyKind = 'ec' | 'ec-384' | 'rsa' | 'ed25519' | 'rsa-small';

const makers: { readonly [K in KeyKind]: () => KeyObject } = {
  ec: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  'ec-384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  rsa: () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  ed25519: () => generateKeyPairSync('ed25519').privateKey,
  'rsa-small': () => generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey,
};
export const newKey = (kind: KeyKind = 'ec'): KeyObject => makers[kind]();

export const pemOf = (key: KeyObject, type: 'pkcs1' | 'pkcs8' | 'sec1' = 'pkcs8'): string =>
  String(key.export({ type: type as 'pkcs8', format: 'pem' }));

/** One CA, which may be under another one. */
export interface MadeCa {
  readonly cert: string;
  readonly key: KeyObject;
}

export interface CaRequest {
  readonly name: string;
  readonly under?: MadeCa;
  readonly kind?: KeyKind;
  /** In milliseconds from now. */
  readonly from?: number;
  readonly to?: number;
  readonly isCa?: boolean;
}

async function signerOf(key: KeyObject): Promise<SigningKey> {
  const found = await signingKey(key);
  // One that must not sign still has to be made once, to be refused.
  const weak = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  return found ?? { key: await webcrypto.subtle.importKey('pkcs8', pkcs8, weak, false, ['sign']), algorithm: weak };
}

export async function makeCa(request: CaRequest): Promise<MadeCa> {
  const { name, under, kind, from = -hour, to = 100 * 24 * hour, isCa = true } = request;
  const key = newKey(kind);
  const signer = await signerOf(under?.key ?? key);
  const publicKey = new PublicKey(createPublicKey(key).export({ type: 'spki', format: 'der' }));
  const certificate = await X509CertificateGenerator.create(
    {
      subject: `CN=${name}`,
      issuer: under === undefined ? `CN=${name}` : new X509Certificate(under.cert).subjectName,
      publicKey,
      notBefore: new Date(Date.now() + from),
      notAfter: new Date(Date.now() + to),
      signingKey: signer.key,
      signingAlgorithm: signer.algorithm,
      extensions: [
        new BasicConstraintsExtension(isCa, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { cert: `${certificate.toString('pem')}\n`, key };
}

/** The files of a CA whose certificate is its own root. */
export function filesOf({ cert, key }: MadeCa): CaFiles {
  return { 'ca-cert.pem': cert, 'ca-key.pem': pemOf(key), 'root-cert.pem': cert };
}
