// Makes certificates (RFC 5280) as SPIFFE wants those of workloads.
// https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate as Parsed,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { CaFiles, CaMaterial } from './ca-material.ts';
import { keyPem, newKeyPair } from './signing-key.ts';

/** All in milliseconds. */
const minute = 60_000;
/** How far the clocks of others may be behind ours. */
export const clockSkew = 2 * minute;

export interface LeafRequest {
  /** DER (SubjectPublicKeyInfo). */
  readonly publicKey: Uint8Array;
  readonly names: readonly JsonGeneralName[];
  /** Whether its owner may be a client with it as well as a server. */
  readonly client: boolean;
  /** In milliseconds; it ends earlier where the CA does. */
  readonly lifetime: number;
  /** In milliseconds since 1970. */
  readonly now: number;
}

/** A positive number of 127 random bits. */
function newSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes.toString('hex');
}

/** A certificate as PEM. Its subject is empty, so that the names, which are critical, are all that it says. */
export async function issueLeaf(ca: CaMaterial, request: LeafRequest): Promise<string> {
  const { publicKey, names, client, lifetime, now } = request;
  const issuer = new Parsed(ca.certificate.raw);
  const purposes = [ExtendedKeyUsage.serverAuth, ...(client ? [ExtendedKeyUsage.clientAuth] : [])];
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: newSerialNumber(),
      issuer: issuer.subjectName,
      publicKey: new PublicKey(publicKey),
      notBefore: new Date(Math.max(now - clockSkew, ca.certificate.validFromDate.getTime())),
      notAfter: new Date(Math.min(now + lifetime, ca.expires)),
      signingKey: ca.signing.key,
      signingAlgorithm: ca.signing.algorithm,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
        new ExtendedKeyUsageExtension(purposes),
        ...authorityKey(issuer),
        new SubjectAlternativeNameExtension([...names], true),
      ],
    },
    webcrypto,
  );
  return `${certificate.toString('pem')}\n`;
}

/** The issuer's own word for its key: others may have made theirs another way than we would. */
function authorityKey(issuer: Parsed): readonly AuthorityKeyIdentifierExtension[] {
  const extension = issuer.getExtension(SubjectKeyIdentifierExtension);
  return extension === null ? [] : [new AuthorityKeyIdentifierExtension(extension.keyId, false)];
}

export interface RootRequest {
  /** Whose root it is, for people. */
  readonly organization: string;
  /** In milliseconds. */
  readonly lifetime: number;
  readonly now: number;
}

/** A root of our own, which signs workloads itself: the files that a CA is read from. */
export async function newRoot({ organization, lifetime, now }: RootRequest): Promise<CaFiles> {
  const keys = await newKeyPair();
  const root = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: newSerialNumber(),
      // A name of its own, so that two roots of one mesh are not taken for each other.
      name: [{ O: [organization] }, { CN: [`Sluice root ${randomBytes(4).toString('hex')}`] }],
      keys,
      notBefore: new Date(now - clockSkew),
      notAfter: new Date(now + lifetime),
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      extensions: [
        new BasicConstraintsExtension(true, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  const pem = `${root.toString('pem')}\n`;
  return { 'ca-cert.pem': pem, 'ca-key.pem': await keyPem(keys.privateKey), 'root-cert.pem': pem };
}
