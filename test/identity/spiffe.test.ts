// SPIFFE ids are read as the standard has it, and certificates by their DER.
import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import { Extension, SubjectAlternativeNameExtension } from '@peculiar/x509';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readCertificate } from '../../src/identity/certificate.ts';
import { parseSpiffeId, spiffeId } from '../../src/identity/spiffe.ts';
import { TestCa, uri, workload } from '../harness/certificates.ts';

test('the id of a workload says its trust domain, namespace and service account', () => {
  const id = 'spiffe://cluster.local/ns/shop/sa/web.v1_a-B';
  const identity = { trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'web.v1_a-B' };
  expect(parseSpiffeId(id)).toEqual({ kind: 'workload', identity });
  expect(spiffeId(identity)).toBe(id);
});

test('an id may have 2048 bytes and not one more', () => {
  const id = (length: number): string => 'spiffe://a/ns/b/sa/'.padEnd(length, 'c');
  expect(parseSpiffeId(id(2048)).kind).toBe('workload');
  expect(parseSpiffeId(id(2049)).kind).toBe('refused');
  expect(parseSpiffeId(`spiffe://${'a'.repeat(255)}/ns/b/sa/c`).kind).toBe('workload');
  expect(parseSpiffeId(`spiffe://${'a'.repeat(256)}/ns/b/sa/c`).kind).toBe('refused');
});

test.each([
  '',
  'spiffe://',
  'https://cluster.local/ns/shop/sa/web',
  'SPIFFE://cluster.local/ns/shop/sa/web',
  'spiffe:/cluster.local/ns/shop/sa/web',
  'spiffe:///ns/shop/sa/web',
  'spiffe://Cluster.local/ns/shop/sa/web',
  'spiffe://cluster.local:443/ns/shop/sa/web',
  'spiffe://user@cluster.local/ns/shop/sa/web',
  'spiffe://clüster.local/ns/shop/sa/web',
  'spiffe://cluster.local',
  'spiffe://cluster.local/',
  'spiffe://cluster.local/web',
  'spiffe://cluster.local/ns/shop/sa/',
  'spiffe://cluster.local/ns//sa/web',
  'spiffe://cluster.local/ns/shop/sa/web/',
  'spiffe://cluster.local/ns/shop/sa/web/more',
  'spiffe://cluster.local/ns/../sa/web',
  'spiffe://cluster.local/ns/./sa/web',
  'spiffe://cluster.local/ns/shop%2f/sa/web',
  'spiffe://cluster.local/ns/shop/sa/web?x=y',
  'spiffe://cluster.local/ns/shop/sa/web#x',
  'spiffe://cluster.local/ns/shop/sa/we b',
  'spiffe://cluster.local/ns/shop/sa/web\n',
  'spiffe://cluster.local/ns/shop/sa/web\0',
  'spiffe://cluster.local/ns/shop/sa/web, URI:spiffe://cluster.local/ns/shop/sa/db',
  'spiffe://cluster.local/sa/web/ns/shop',
])('%j is no id of a workload', (text) => {
  expect(parseSpiffeId(text).kind).toBe('refused');
});

test('whatever is taken for an id is written the same again', () => {
  const part = fc.string({ unit: fc.constantFrom(...'aB0._-/%?#:@ \0é') });
  const id = fc.tuple(part, part, part).map(([domain, ns, sa]) => `spiffe://${domain}/ns/${ns}/sa/${sa}`);
  fc.assert(
    fc.property(id, (text) => {
      const outcome = parseSpiffeId(text);
      if (outcome.kind === 'workload') expect(spiffeId(outcome.identity)).toBe(text);
    }),
  );
});

const read = async (request: Parameters<TestCa['issue']>[0]) => {
  const { cert } = await (await TestCa.create()).issue(request);
  return readCertificate(new X509Certificate(cert));
};

test('a name that looks like several in the text that Node makes of it is one', async () => {
  const tricky = 'spiffe://a/ns/b/sa/c", URI:"spiffe://a/ns/b/sa/d';
  expect((await read({ names: [uri(tricky)] }))?.uris).toEqual([tricky]);
  expect((await read({ names: [{ type: 'dns', value: 'x, URI:spiffe://a/ns/b/sa/c' }] }))?.uris).toEqual([]);
  const withNull = 'spiffe://a/ns/b/sa/c\0d';
  expect((await read({ names: [uri(withNull)] }))?.uris).toEqual([withNull]);
});

test('all URIs count, and other kinds of names do not', async () => {
  const names = [uri('spiffe://a/ns/b/sa/c'), { type: 'dns', value: 'x' } as const, uri('https://x')];
  expect((await read({ names }))?.uris).toEqual(['spiffe://a/ns/b/sa/c', 'https://x']);
});

test('a certificate that has its names twice cannot be read', async () => {
  const second = new SubjectAlternativeNameExtension([uri('spiffe://a/ns/b/sa/d')]);
  expect(await read({ ...workload('b', 'c'), extensions: [second] })).toBeNull();
});

test('a certificate whose names are no DER cannot be read', async () => {
  expect(
    await read({ extensions: [new Extension('2.5.29.17', false, new Uint8Array([0x30, 0x05, 0x86]))] }),
  ).toBeNull();
});

test('what a certificate may be used for, and whether it signs', async () => {
  expect(await read({ usages: ['server'] })).toMatchObject({ usages: ['server'], signs: false });
  expect(await read({ usages: [] })).toMatchObject({ usages: ['client', 'server'], signs: false });
  expect(await read({ isCa: true })).toMatchObject({ signs: true });
});
