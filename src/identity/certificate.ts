// What a certificate says, read from its DER by the rules of RFC 5280. The text that Node makes of the names is for people:
// a name may be written so that the text seems to have other names in it.
import 'reflect-metadata';
import type { X509Certificate } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate as ParsedCertificate,
  SubjectAlternativeNameExtension,
} from '@peculiar/x509';

export type Usage = 'client' | 'server';

export interface CertificateContent {
  /** The URIs among the subject's alternative names. */
  readonly uris: readonly string[];
  /** Whether it may sign other certificates, or lists of revoked ones. */
  readonly signs: boolean;
  /** What it may be used for in TLS; one that does not say may be used for both. */
  readonly usages: readonly Usage[];
}

const signing = KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign;
const usageIds = { client: ExtendedKeyUsage.clientAuth, server: ExtendedKeyUsage.serverAuth } as const;

/** Null for a certificate that has an extension twice, or names or extensions that cannot be read. */
export function readCertificate(certificate: X509Certificate): CertificateContent | null {
  try {
    return contentOf(new ParsedCertificate(new Uint8Array(certificate.raw)));
  } catch {
    return null;
  }
}

function contentOf(parsed: ParsedCertificate): CertificateContent | null {
  const ids = parsed.extensions.map(({ type }) => type);
  if (new Set(ids).size < ids.length) return null;
  const names = parsed.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  const constraints = parsed.getExtension(BasicConstraintsExtension);
  const keyUsages = parsed.getExtension(KeyUsagesExtension)?.usages ?? 0;
  const extended = parsed.getExtension(ExtendedKeyUsageExtension)?.usages;
  return {
    uris: names.filter(({ type }) => type === 'url').map(({ value }) => value),
    signs: constraints?.ca === true || (keyUsages & signing) !== 0,
    usages: (['client', 'server'] as const).filter((usage) => extended?.includes(usageIds[usage]) ?? true),
  };
}

/** The subject's name as DER, to be compared; null for a certificate that cannot be read. */
export function subjectName(certificate: X509Certificate): Buffer | null {
  try {
    return Buffer.from(new ParsedCertificate(new Uint8Array(certificate.raw)).subjectName.toArrayBuffer());
  } catch {
    return null;
  }
}
