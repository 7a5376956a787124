// Certificate signing requests, good and bad.
import 'reflect-metadata';
import { createPublicKey, type KeyObject, webcrypto } from 'node:crypto';
import {
  type JsonGeneralName,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from '@peculiar/x509';
import { signingKey } from '../../src/identity/ca/signing-key.ts';

/** A request as PEM; it may ask for names. */
export async function makeCsr(key: KeyObject, names: readonly JsonGeneralName[] = []): Promise<string> {
  const signer = await signingKey(key);
  if (signer === null) throw new Error('a key of a kind that does not sign');
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const publicKey = await webcrypto.subtle.importKey('spki', spki, signer.algorithm, true, ['verify']);
  const request = await Pkcs10CertificateRequestGenerator.create(
    {
      name: 'CN=admin,O=asked for',
      keys: { publicKey, privateKey: signer.key },
      signingAlgorithm: signer.algorithm,
      extensions: names.length === 0 ? [] : [new SubjectAlternativeNameExtension([...names])],
    },
    webcrypto,
  );
  return `${request.toString('pem')}\n`;
}
