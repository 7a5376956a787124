// A key that never leaves the machine, and the request to sign it.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { keyPem, newKeyPair } from './ca/signing-key.ts';

/** PEM texts. */
export interface NewKey {
  readonly key: string;
  readonly csr: string;
}

/** EC P-256. The request says nothing but the key: who asks is known from how it is sent. */
export async function newCsr(): Promise<NewKey> {
  const keys = await newKeyPair();
  const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' };
  const request = await Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm }, webcrypto);
  return { key: await keyPem(keys.privateKey), csr: `${request.toString('pem')}\n` };
}
