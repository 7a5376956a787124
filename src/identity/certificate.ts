// What a certificate says, read from its DER by the rules of RFC 5280. The text that Node makes of the names is for people:
// a name may be written so that the text seems to have other names in it. Nothing here is read before OpenSSL has read it.
import type { X509Certificate } from 'node:crypto';
import { contentOf, type DerValue, only, tags, valuesIn } from './der.ts';

export type Usage = 'client' | 'server';

export interface CertificateContent {
  /** The URIs among the subject's alternative names. */
  readonly uris: readonly string[];
  /** Whether it may sign other certificates, or lists of revoked ones. */
  readonly signs: boolean;
  /** What it may be used for in TLS; one that does not say may be used for both. */
  readonly usages: readonly Usage[];
}

/** Identifiers as DER has them, in hexadecimal. */
const extensionIds = {
  keyUsage: '551d0f',
  subjectAltName: '551d11',
  basicConstraints: '551d13',
  extendedKeyUsage: '551d25',
} as const;
const usageIds = { client: '2b06010505070302', server: '2b06010505070301' } as const;

/** Of a TBSCertificate: its version and its extensions. */
const versionTag = 0xa0;
const extensionsTag = 0xa3;
/** Of a GeneralName: a URI. */
const uriTag = 0x86;
/** Of the first byte of a KeyUsage: keyCertSign and cRLSign. */
const signing = 0x04 | 0x02;

/** Null for a certificate that has an extension twice, or names or extensions that cannot be read. */
export function readCertificate(certificate: X509Certificate): CertificateContent | null {
  try {
    const extensions = extensionsOf(fieldsOf(certificate));
    return {
      uris: uris(extensions.get(extensionIds.subjectAltName)),
      signs:
        isAuthority(extensions.get(extensionIds.basicConstraints)) || maySign(extensions.get(extensionIds.keyUsage)),
      usages: usages(extensions.get(extensionIds.extendedKeyUsage)),
    };
  } catch {
    return null;
  }
}

/** The subject's name as DER, to be compared; null for a certificate that cannot be read. */
export function subjectName(certificate: X509Certificate): Buffer | null {
  try {
    // After serial number, algorithm, issuer and validity.
    const subject = fieldsOf(certificate).filter(({ tag }) => tag !== versionTag)[4];
    contentOf(tags.sequence, subject);
    return subject?.whole ?? null;
  } catch {
    return null;
  }
}

/** Of the part that is signed. */
function fieldsOf({ raw }: X509Certificate): readonly DerValue[] {
  const [signed] = valuesIn(only(tags.sequence, raw));
  return valuesIn(contentOf(tags.sequence, signed));
}

/** What the extensions hold, by their identifiers. */
function extensionsOf(fields: readonly DerValue[]): ReadonlyMap<string, Buffer> {
  const extensions = new Map<string, Buffer>();
  const list = fields.find(({ tag }) => tag === extensionsTag);
  if (list === undefined) return extensions;
  for (const extension of valuesIn(only(tags.sequence, list.content))) {
    const parts = valuesIn(contentOf(tags.sequence, extension));
    const id = contentOf(tags.oid, parts[0]).toString('hex');
    if (extensions.has(id)) throw new Error(`the extension ${id} is there twice`);
    extensions.set(id, contentOf(tags.octetString, parts.at(-1)));
  }
  return extensions;
}

function uris(names: Buffer | undefined): readonly string[] {
  if (names === undefined) return [];
  const all = valuesIn(only(tags.sequence, names)).filter(({ tag }) => tag === uriTag);
  return all.map(({ content }) => {
    if (content.some((byte) => byte > 0x7f)) throw new Error('a URI that is not ASCII');
    return content.toString('latin1');
  });
}

function isAuthority(constraints: Buffer | undefined): boolean {
  if (constraints === undefined) return false;
  const [first] = valuesIn(only(tags.sequence, constraints));
  return first?.tag === tags.boolean && first.content.some((byte) => byte !== 0);
}

function maySign(usage: Buffer | undefined): boolean {
  if (usage === undefined) return false;
  const [unused = 8, ...bytes] = only(tags.bitString, usage);
  if (unused > 7 || ((bytes.at(-1) ?? 0) & ((1 << unused) - 1)) !== 0) throw new Error('bits that are not used');
  return ((bytes[0] ?? 0) & signing) !== 0;
}

function usages(extended: Buffer | undefined): readonly Usage[] {
  const all = ['client', 'server'] as const;
  if (extended === undefined) return all;
  const ids = valuesIn(only(tags.sequence, extended)).map((each) => contentOf(tags.oid, each).toString('hex'));
  return all.filter((usage) => ids.includes(usageIds[usage]));
}
