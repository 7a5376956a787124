// What the server needs for TLS, read from a folder laid out as Kubernetes' TLS Secrets are, and checked as a whole.
import type { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { readCertificate } from './certificate.ts';
import { certificatesIn, hasExpired, type NotEmpty, privateKeyIn, subjectOf } from './pem-content.ts';
import { Broken, type PemFile, readOptional, readPem } from './pem-file.ts';
import { readRevocations, unrevocable } from './revocations.ts';
import type { Read, Reading } from './watched.ts';

/** PEM texts, as node:tls takes them. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  /** One list of revoked certificates each; left out: nothing is revoked. */
  readonly crl?: readonly string[];
  /** When each CA and each list of revoked certificates runs out, in milliseconds since 1970. */
  readonly ends: readonly number[];
}

/** How many of its CAs and lists of revoked certificates have run out by now. */
export function lapsedOf({ ends }: TlsMaterial): number {
  const now = Date.now();
  return ends.filter((end) => end <= now).length;
}

/** Reads `tls.crt` (the certificate and what links it to a CA), `tls.key`, `ca.crt` and, where there is one, `ca.crl`. */
export async function readTlsMaterial(folder: string): Promise<Reading<TlsMaterial>> {
  try {
    // One after the other, so that it is always the first file that is complained of.
    const crt = await readPem(folder, 'tls.crt');
    const key = await readPem(folder, 'tls.key');
    const ca = await readPem(folder, 'ca.crt');
    const crl = await readOptional(folder, 'ca.crl');
    return { kind: 'read', ...check({ crt, key, ca, crl }) };
  } catch (error) {
    if (error instanceof Broken) return { kind: 'broken', reason: error.message };
    throw error;
  }
}

interface PemFiles {
  readonly crt: PemFile;
  readonly key: PemFile;
  readonly ca: PemFile;
  readonly crl: PemFile | null;
}

function check({ crt, key, ca, crl }: PemFiles): Read<TlsMaterial> {
  const chain = certificatesIn(crt);
  const [leaf] = chain;
  const authorities = certificatesIn(ca);
  checkLeaf(crt, leaf);
  if (!leaf.checkPrivateKey(privateKeyIn(key))) {
    throw new Broken(`${key.path} is not the key of the certificate in ${crt.path}: replace both together`);
  }
  const noAuthority = authorities.find((each) => !each.ca);
  if (noAuthority !== undefined) {
    throw new Broken(`${ca.path} has a certificate that is no CA: ${subjectOf(noAuthority)}: take it out`);
  }
  const lists = crl === null ? undefined : readRevocations(crl.text);
  if (lists === null) {
    throw new Broken(`${crl?.path} has to be lists of revoked certificates in PEM format, -----BEGIN X509 CRL-----`);
  }
  const revoked = lists === undefined ? {} : { crl: lists.map(({ pem }) => pem) };
  const ends = [
    ...authorities.map((each) => each.validToDate.getTime()),
    ...(lists ?? []).flatMap(({ nextUpdate }) => nextUpdate ?? []),
  ];
  const material = { cert: crt.text, key: key.text, ca: ca.text, ...revoked, ends };
  tryOut(material, crt);
  return {
    material,
    summary: {
      subject: subjectOf(leaf),
      fingerprint: leaf.fingerprint256,
      expires: leaf.validToDate.toISOString(),
    },
    warnings: [
      ...(key.shared ? [`${key.path} can be read by others than its owner: chmod 600`] : []),
      ...authorities.filter(hasExpired).map((each) => `${ca.path} has an expired CA: ${subjectOf(each)}`),
      ...unrevocable(authorities, lists).map(
        (each) => `${crl?.path} has no current list of ${subjectOf(each)}: every client of that CA is refused`,
      ),
      ...(linked(chain, authorities)
        ? []
        : [`no CA in ${ca.path} has signed ${crt.path}: proxies have to trust another`]),
    ],
  };
}

function checkLeaf({ path }: PemFile, leaf: X509Certificate): void {
  if (hasExpired(leaf)) throw new Broken(`the certificate in ${path} has expired on ${leaf.validTo}: renew it`);
  if (leaf.validFromDate.getTime() > Date.now()) {
    throw new Broken(`the certificate in ${path} is not valid before ${leaf.validFrom}: check the clock, or wait`);
  }
  const content = readCertificate(leaf);
  if (content === null) throw new Broken(`the extensions of the certificate in ${path} cannot be read: issue it anew`);
  if (!content.usages.includes('server')) {
    throw new Broken(`the certificate in ${path} may not be used by a server: issue one with serverAuth`);
  }
}

/** OpenSSL has the last word: what it does not take must not reach the server. */
function tryOut({ crl, cert, key, ca }: TlsMaterial, { path }: PemFile): void {
  try {
    createSecureContext({ cert, key, ca, ...(crl === undefined ? {} : { crl: [...crl] }) });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
    throw new Broken(`OpenSSL does not take ${path} and the files beside it (${code}): issue them anew`);
  }
}

/** Whether the chain leads to one of the CAs. */
function linked(chain: NotEmpty<X509Certificate>, authorities: readonly X509Certificate[]): boolean {
  return chain.some((each) => authorities.some((ca) => each.checkIssued(ca) && each.verify(ca.publicKey)));
}
