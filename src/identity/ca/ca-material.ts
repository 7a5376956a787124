// What a CA signs with, in the four files that Istio's Secret `cacerts` has, checked as a whole.
import type { X509Certificate } from 'node:crypto';
import { withoutMark } from '../pem.ts';
import { certificatesIn, hasExpired, type NotEmpty, privateKeyIn, subjectOf } from '../pem-content.ts';
import { Broken } from '../pem-file.ts';
import type { Read, Reading } from '../watched.ts';
import { type SigningKey, signingKey } from './signing-key.ts';

/** PEM texts. */
export interface CaFiles {
  readonly 'ca-cert.pem': string;
  readonly 'ca-key.pem': string;
  readonly 'root-cert.pem': string;
  /** What links ca-cert.pem to a root; none is needed where that is a root itself, or signed by one. */
  readonly 'cert-chain.pem'?: string;
}
export const caFileNames = ['ca-cert.pem', 'ca-key.pem', 'root-cert.pem', 'cert-chain.pem'] as const;
export type CaFileName = (typeof caFileNames)[number];

export interface CaMaterial {
  readonly certificate: X509Certificate;
  readonly signing: SigningKey;
  /** PEM: what goes with every certificate that it signs, up to the root but without it; empty where it is a root. */
  readonly chain: string;
  /** PEM, one certificate each: the roots that others are to believe. */
  readonly roots: readonly string[];
  /** Of these, the one that its certificates lead to. */
  readonly root: string;
  /** In milliseconds since 1970: when the first of all that a certificate depends on expires. */
  readonly expires: number;
}

/** Longer chains are not followed. */
const longestChain = 8;

/** `place` is what the names of the files are told with: a folder's path and a slash. */
export async function readCa(files: CaFiles, place: string): Promise<Reading<CaMaterial>> {
  try {
    return { kind: 'read', ...(await check(files, place)) };
  } catch (error) {
    if (error instanceof Broken) return { kind: 'broken', reason: error.message };
    throw error;
  }
}

async function check(files: CaFiles, place: string): Promise<Read<CaMaterial>> {
  const text = (name: CaFileName) => ({ path: `${place}${name}`, text: withoutMark(files[name] ?? '') });
  const [certificate] = certificatesIn(text('ca-cert.pem'));
  const key = privateKeyIn(text('ca-key.pem'));
  const { path } = text('ca-cert.pem');
  checkAuthority(certificate, path);
  if (!certificate.checkPrivateKey(key)) {
    throw new Broken(`${place}ca-key.pem is not the key of the certificate in ${path}: replace both together`);
  }
  const signing = await signingKey(key);
  if (signing === null) {
    throw new Broken(`${place}ca-key.pem cannot sign: it has to be EC, Ed25519, or RSA of 2048 to 8192 bits`);
  }
  const roots = certificatesIn(text('root-cert.pem'));
  for (const root of roots) checkIsCa(root, `${place}root-cert.pem`);
  const others = (files['cert-chain.pem'] ?? '') === '' ? [] : certificatesIn(text('cert-chain.pem'));
  const links = linksOf(certificate, others, roots, place);
  return {
    material: {
      certificate,
      signing,
      chain: links.chain.map(String).join(''),
      roots: roots.map(String),
      root: String(links.root),
      expires: Math.min(...[...links.chain, links.root].map((each) => each.validToDate.getTime())),
    },
    summary: {
      subject: subjectOf(certificate),
      fingerprint: certificate.fingerprint256,
      expires: certificate.validToDate.toISOString(),
    },
    warnings: roots.filter(hasExpired).map((each) => `${place}root-cert.pem has an expired root: ${subjectOf(each)}`),
  };
}

function checkIsCa(certificate: X509Certificate, path: string): void {
  if (!certificate.ca) throw new Broken(`${path} has a certificate that is no CA: ${subjectOf(certificate)}`);
}

/** Of one that everything depends on. */
function checkAuthority(certificate: X509Certificate, path: string): void {
  checkIsCa(certificate, path);
  if (hasExpired(certificate)) {
    throw new Broken(
      `${path}: the certificate ${subjectOf(certificate)} has expired on ${certificate.validTo}: renew it`,
    );
  }
  if (certificate.validFromDate.getTime() > Date.now()) {
    throw new Broken(`${path}: the certificate ${subjectOf(certificate)} is not valid before ${certificate.validFrom}`);
  }
}

interface Links {
  readonly chain: readonly X509Certificate[];
  readonly root: X509Certificate;
}

/** From the signing certificate to a root that vouches for it. */
function linksOf(
  first: X509Certificate,
  others: readonly X509Certificate[],
  roots: NotEmpty<X509Certificate>,
  place: string,
): Links {
  const itself = roots.find((root) => root.raw.equals(first.raw));
  if (itself !== undefined) return { chain: [], root: itself };
  const chain = [first];
  for (let last = first; chain.length <= longestChain; ) {
    const root = roots.find((each) => vouches(each, last));
    if (root !== undefined) {
      checkAuthority(root, `${place}root-cert.pem`);
      return { chain, root };
    }
    const issuer = others.find((each) => vouches(each, last) && !chain.includes(each));
    if (issuer === undefined) break;
    checkAuthority(issuer, `${place}cert-chain.pem`);
    chain.push(issuer);
    last = issuer;
  }
  throw new Broken(
    `${place}ca-cert.pem is not linked to any root in ${place}root-cert.pem: ` +
      `${place}cert-chain.pem has to have the certificates between them`,
  );
}

function vouches(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** Whether two are the same to whoever signs with them. */
export function sameCa(one: CaMaterial, other: CaMaterial): boolean {
  const same = one.certificate.raw.equals(other.certificate.raw) && one.chain === other.chain;
  return same && one.roots.join('') === other.roots.join('');
}
