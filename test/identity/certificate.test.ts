// What is read of a certificate, beside what a library reads that knows all of X.509.
import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate as Reference,
  SubjectAlternativeNameExtension,
} from '@peculiar/x509';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CertificateContent, readCertificate, subjectName } from '../../src/identity/certificate.ts';
import { TestCa, uri, workload } from '../harness/certificates.ts';

function referenceOf(raw: Buffer): CertificateContent | null {
  try {
    const parsed = new Reference(new Uint8Array(raw));
    const extended = parsed.getExtension(ExtendedKeyUsageExtension)?.usages;
    const usage = parsed.getExtension(KeyUsagesExtension)?.usages ?? 0;
    const names = parsed.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
    const ids = { client: ExtendedKeyUsage.clientAuth, server: ExtendedKeyUsage.serverAuth } as const;
    const signing = KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign;
    return {
      uris: names.filter(({ type }) => type === 'url').map(({ value }) => value),
      signs: parsed.getExtension(BasicConstraintsExtension)?.ca === true || (usage & signing) !== 0,
      usages: (['client', 'server'] as const).filter((each) => extended?.includes(ids[each]) ?? true),
    };
  } catch {
    return null;
  }
}

const others: readonly ((ca: TestCa) => Promise<{ readonly cert: string }>)[] = [
  (ca) => ca.issue(workload('shop', 'web')),
  (ca) => ca.issue({ ...workload('shop', 'web'), usages: ['server'] }),
  (ca) => ca.issue({ ...workload('shop', 'web'), usages: [], isCa: true }),
  (ca) => ca.issue({}),
  (ca) =>
    ca.issue({ names: [{ type: 'dns', value: 'a' }, uri('spiffe://a/b'), uri('x:y'), { type: 'ip', value: '::1' }] }),
  (ca) => ca.issue({ names: [uri(`spiffe://${'a'.repeat(300)}/b`)] }),
];

test('names, usages and whether it signs are what a library reads; and so is the name of the subject', async () => {
  const ca = await TestCa.create();
  for (const issue of others) {
    const certificate = new X509Certificate((await issue(ca)).cert);
    const content = readCertificate(certificate);
    expect(content).not.toBeNull();
    expect(content).toEqual(referenceOf(certificate.raw));
    const { subjectName: name } = new Reference(new Uint8Array(certificate.raw));
    expect(subjectName(certificate)).toEqual(Buffer.from(name.toArrayBuffer()));
  }
});

test('S-02: an extension that is there twice, or a name that is no ASCII, makes it unreadable', async () => {
  const ca = await TestCa.create();
  const again = new SubjectAlternativeNameExtension([uri('spiffe://cluster.local/ns/shop/sa/admin')]);
  const twice = await ca.issue({ ...workload('shop', 'web'), extensions: [again] });
  expect(readCertificate(new X509Certificate(twice.cert))).toBeNull();
  const foreign = new Extension('2.5.29.17', false, Buffer.from('3004860261e9', 'hex'));
  const { cert } = await ca.issue({ extensions: [foreign] });
  expect(readCertificate(new X509Certificate(cert))).toBeNull();
});

test('of whatever bytes OpenSSL takes for a certificate nothing else is read than a library reads', async () => {
  const { cert } = await (await TestCa.create()).issue(workload('shop', 'web'));
  const { raw } = new X509Certificate(cert);
  let compared = 0;
  const change = fc.record({ at: fc.nat(raw.length - 1), to: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const bytes = Buffer.from(raw);
      for (const { at, to } of changes) bytes[at] = to;
      const certificate = parsed(bytes);
      if (certificate === null) return;
      const [content, reference] = [readCertificate(certificate), referenceOf(certificate.raw)];
      if (content === null || reference === null) return;
      compared += 1;
      expect(content).toEqual(reference);
    }),
    { numRuns: 3_000, seed: 1 },
  );
  expect(compared).toBeGreaterThan(500);
});

function parsed(bytes: Buffer): X509Certificate | null {
  try {
    return new X509Certificate(bytes);
  } catch {
    return null;
  }
}
