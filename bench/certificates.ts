// Certificates of a benchmark's mesh: an authority, the server's and the proxies'.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

export interface Certificates {
  /** Holds tls.crt, tls.key and ca.crt, as `sluice serve --tls-dir` takes them. */
  readonly folder: string;
  /** What the Go clients are told. */
  readonly clientFlags: readonly string[];
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const validity = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 86_400_000) };

/** Writes them below `parent`. */
export async function writeCertificates(parent: string): Promise<Certificates> {
  x509.cryptoProvider.set(webcrypto);
  const authority = await makeAuthority();
  const folder = join(parent, 'tls');
  await mkdir(folder, { recursive: true });
  const file = (name: string): string => join(folder, name);
  await writeFile(file('ca.crt'), authority.certificate.toString('pem'));
  await issue(authority, 'sluice-system/sa/sluice', [file('tls.crt'), file('tls.key')]);
  await issue(authority, 'bench/sa/default', [file('client.crt'), file('client.key')]);
  const clientFlags = ['-tls-ca', file('ca.crt'), '-tls-cert', file('client.crt'), '-tls-key', file('client.key')];
  return { folder, clientFlags };
}

interface Authority {
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

async function makeAuthority(): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'O=bench',
    keys,
    signingAlgorithm: algorithm,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  return { certificate, keys };
}

/** One for 127.0.0.1 and a SPIFFE identity, `NAMESPACE/sa/ACCOUNT`. */
async function issue(authority: Authority, who: string, [certificateFile, keyFile]: [string, string]): Promise<void> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: '',
    issuer: authority.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    signingAlgorithm: algorithm,
    ...validity,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'ip', value: '127.0.0.1' },
        { type: 'url', value: `spiffe://cluster.local/ns/${who}` },
      ]),
    ],
  });
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  await writeFile(certificateFile, certificate.toString('pem'));
  await writeFile(keyFile, x509.PemConverter.encode(key, 'PRIVATE KEY'), { mode: 0o600 });
}
