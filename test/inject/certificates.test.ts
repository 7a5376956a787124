// The agent's half of a workload's certificates: what Envoy is given over SDS, and what happens when nobody answers.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type ClientDuplexStream, credentials } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import { decodeMessage, encodeMessage } from '../../src/envoy/protojson.ts';
import { type CaMaterial, readCa } from '../../src/identity/ca/ca-material.ts';
import { readCsr } from '../../src/identity/ca/csr.ts';
import { issueLeaf } from '../../src/identity/ca/issue.ts';
import { CertificateKeeper, type KeeperEvent } from '../../src/inject/certificates/certificate-keeper.ts';
import { startSdsServer } from '../../src/inject/certificates/sds-server.ts';
import { type Secret, secretsOf } from '../../src/inject/certificates/secrets.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { filesOf, makeCa } from '../harness/ca-files.ts';

const hour = 3_600_000;

async function newCa(): Promise<CaMaterial> {
  const outcome = await readCa(filesOf(await makeCa({ name: 'ca' })), '');
  if (outcome.kind === 'broken') throw new Error(outcome.reason);
  return outcome.material;
}

async function answer(ca: CaMaterial, csr: string, lifetime = hour): Promise<readonly string[]> {
  const request = await readCsr(csr);
  if (request.kind === 'refused') throw new Error(request.reason);
  const names = [{ type: 'url', value: 'spiffe://cluster.local/ns/shop/sa/web' }] as const;
  const { publicKey } = request;
  return [await issueLeaf(ca, { publicKey, names, client: true, lifetime, now: Date.now() }), ...ca.roots];
}

/** Events one after the other. */
function eventLog<E>(): { readonly put: (event: E) => void; readonly next: () => Promise<E> } {
  const [events, waiting]: [E[], ((event: E) => void)[]] = [[], []];
  return {
    put: (event) => {
      const wake = waiting.shift();
      if (wake === undefined) events.push(event);
      else wake(event);
    },
    next: async () => events.shift() ?? (await new Promise<E>((resolve) => waiting.push(resolve))),
  };
}

async function newSecrets(ca: CaMaterial): Promise<ReadonlyMap<string, Secret>> {
  const { put, next } = eventLog<KeeperEvent>();
  const keeper = new CertificateKeeper({ request: (csr) => answer(ca, csr), onEvent: put });
  await next();
  const current = keeper.current();
  keeper.close();
  if (current === null) throw new Error('no certificate');
  return secretsOf(current);
}

type Stream = ClientDuplexStream<JsonObject, JsonObject>;

function open(
  path: string,
  method: 'StreamSecrets' | 'DeltaSecrets',
): { stream: Stream; next: () => Promise<JsonObject> } {
  const delta = method === 'DeltaSecrets' ? 'Delta' : '';
  const client = new Client(`unix:${path}`, credentials.createInsecure());
  const stream: Stream = client.makeBidiStreamRequest(
    `/envoy.service.secret.v3.SecretDiscoveryService/${method}`,
    (json) => Buffer.from(encodeMessage(`envoy.service.discovery.v3.${delta}DiscoveryRequest`, json)),
    (bytes) => decodeMessage(`envoy.service.discovery.v3.${delta}DiscoveryResponse`, bytes),
  );
  const { put, next } = eventLog<JsonObject>();
  stream.on('data', put);
  stream.on('error', () => {});
  onTestFinished(() => {
    stream.cancel();
    client.close();
  });
  return { stream, next };
}

async function startSds(refusals: string[] = []) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-sds-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'sds');
  const sds = await startSdsServer({ path, onRefused: (message) => refusals.push(message) });
  onTestFinished(() => sds.close());
  return { path, sds };
}

test('SDS: who asks waits for the first certificate, is sent every other one, and nothing twice', async () => {
  const ca = await newCa();
  const { path, sds } = await startSds();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const { stream, next } = open(path, 'StreamSecrets');
  stream.write({ resource_names: ['default'] });
  sds.publish(await newSecrets(ca));
  const first = await next();
  expect(first).toMatchObject({ nonce: '1', resources: [{ name: 'default', tlsCertificate: { privateKey: {} } }] });
  stream.write({ resource_names: ['default'], response_nonce: '1', version_info: String(first['versionInfo']) });
  // The same roots: a stream that asks for them alone hears nothing of the second certificate.
  const roots = open(path, 'StreamSecrets');
  roots.stream.write({ resource_names: ['ROOTCA'] });
  expect(await roots.next()).toMatchObject({ nonce: '1', resources: [{ name: 'ROOTCA', validationContext: {} }] });
  sds.publish(await newSecrets(ca));
  const second = await next();
  expect(second).toMatchObject({ nonce: '2' });
  expect(second['versionInfo']).not.toBe(first['versionInfo']);
  sds.publish(await newSecrets(await newCa()));
  expect(await roots.next()).toMatchObject({ nonce: '2' });
});

test('SDS: differences, with names that nobody has', async () => {
  const refusals: string[] = [];
  const { path, sds } = await startSds(refusals);
  sds.publish(await newSecrets(await newCa()));
  const { stream, next } = open(path, 'DeltaSecrets');
  stream.write({ resource_names_subscribe: ['default', 'kubernetes://other'] });
  expect(await next()).toMatchObject({ resources: [{ name: 'default' }], removedResources: ['kubernetes://other'] });
  stream.write({ response_nonce: '1', error_detail: { code: 13, message: 'not taken' } });
  stream.write({ resource_names_subscribe: ['ROOTCA'] });
  expect(await next()).toMatchObject({ resources: [{ name: 'ROOTCA' }] });
  expect(refusals).toEqual(['not taken']);
});

test('S-43: what Envoy quotes of a key is not told to anybody', async () => {
  const refusals: string[] = [];
  const { path, sds } = await startSds(refusals);
  sds.publish(await newSecrets(await newCa()));
  const { stream, next } = open(path, 'StreamSecrets');
  stream.write({ resource_names: ['default'] });
  const { resources } = (await next()) as { resources: readonly { tlsCertificate: { privateKey: JsonObject } }[] };
  const key = String(resources[0]?.tlsCertificate.privateKey['inlineString']);
  for (const quoted of [key, `resources { value: "${key}" }`, `goo.gle/debugstr x value: "${key}"`]) {
    const detail = { code: 13, message: `rejected: ${quoted}` };
    stream.write({ resource_names: ['default'], response_nonce: '1', error_detail: detail });
  }
  // The other name is answered after all that came before it.
  stream.write({ resource_names: ['ROOTCA'], response_nonce: '1' });
  await next();
  expect(refusals.map((each) => each.split(':')[0])).toEqual(['rejected', 'rejected', 'rejected']);
  for (const line of key.split('\n'))
    expect(refusals.filter((each) => line.length > 5 && each.includes(line))).toEqual([]);
});

test('a certificate stays as long as no better one comes, and it is tried again', async () => {
  const ca = await newCa();
  const answers: ((csr: string) => Promise<readonly string[]>)[] = [
    async () => {
      throw new Error('UNAVAILABLE: nobody there');
    },
    (csr) => answer(ca, csr, 2_000),
    async () => [],
    // For another key.
    async () => [...(await newSecrets(ca)).keys()],
    (csr) => answer(ca, csr),
  ];
  const { put, next } = eventLog<KeeperEvent>();
  const request = (csr: string) => (answers.shift() ?? (async () => []))(csr);
  const keeper = new CertificateKeeper({ request, onEvent: put });
  onTestFinished(() => keeper.close());
  expect(await next()).toMatchObject({ kind: 'failed', reason: 'UNAVAILABLE: nobody there', current: null });
  expect(await next()).toMatchObject({ kind: 'issued' });
  const kept = keeper.current();
  expect(await next()).toMatchObject({ kind: 'failed', reason: 'the answer has no certificate with its root' });
  expect(keeper.current()).toBe(kept);
  expect(await next()).toMatchObject({ kind: 'failed' });
  expect(await next()).toMatchObject({ kind: 'issued' });
  expect(keeper.current()).not.toBe(kept);
});
