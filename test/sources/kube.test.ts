// What of the source over a Kubernetes API needs none: how bytes become objects, and how long is waited.
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { ApiError, KubeApi } from '../../src/kube/api.ts';
import { jsonLines } from '../../src/kube/json-lines.ts';
import { KubeStore } from '../../src/sources/kube/store.ts';
import { defaultTimers, delayAfter } from '../../src/sources/kube/timers.ts';
import { wantedKinds } from '../../src/sources/kube/wanted.ts';
import { issueServer, TestCa } from '../harness/certificates.ts';

async function* cut(bytes: Buffer, at: readonly number[]): AsyncGenerator<Buffer> {
  const ends = [...new Set(at.map((each) => each % (bytes.length + 1)))].sort((a, b) => a - b);
  let start = 0;
  for (const end of [...ends, bytes.length]) {
    yield bytes.subarray(start, end);
    start = end;
  }
}

async function collected(stream: AsyncIterable<Buffer>): Promise<readonly object[]> {
  const found: object[] = [];
  for await (const lines of jsonLines(stream)) found.push(...lines);
  return found;
}

test('R-62: objects are the same however their bytes are cut', async () => {
  const value = fc.record({ text: fc.string({ unit: 'binary' }), number: fc.integer() });
  await fc.assert(
    fc.asyncProperty(fc.array(value), fc.array(fc.nat()), async (objects, at) => {
      const bytes = Buffer.from(objects.map((each) => `${JSON.stringify(each)}\n`).join(''));
      expect(await collected(cut(bytes, at))).toEqual(objects);
    }),
  );
});

test('R-62: what stands before garbage counts, and half a line at the end does not', async () => {
  const lines: object[] = [];
  const read = async (): Promise<void> => {
    for await (const some of jsonLines(cut(Buffer.from('{"a":1}\n{"b":\n{"c":1}\n'), []))) lines.push(...some);
  };
  await expect(read()).rejects.toThrow('a line is no JSON');
  expect(lines).toEqual([{ a: 1 }]);
  expect(await collected(cut(Buffer.from('{"a":1}\n{"b":1'), []))).toEqual([{ a: 1 }]);
});

test('R-65: an API that says when to come again is not asked before', async () => {
  const ca = await TestCa.create();
  const { cert, key } = await issueServer(ca);
  const server = createServer({ cert, key }, (_, response) => {
    response.writeHead(429, { 'retry-after': '7' }).end('{"kind":"Status","message":"too many requests"}');
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const api = new KubeApi(() => ({
    server: `https://127.0.0.1:${port}`,
    secure: async (options) => void Object.assign(options, { ca: ca.cert }),
  }));
  const asked = api.json({ path: '/api', signal: new AbortController().signal, idle: 5000 });
  const error = await asked.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ApiError);
  const { status, message, retryAfter } = error as ApiError;
  expect({ status, message, retryAfter }).toEqual({ status: 429, message: 'too many requests', retryAfter: 7000 });
  expect(delayAfter(1, defaultTimers, retryAfter)).toBe(7000);
});

test('R-66: failures in a row are answered with more and more patience, and never with more than 30 s', () => {
  const delays = Array.from({ length: 40 }, (_, index) => delayAfter(index + 1, defaultTimers, null));
  for (const [index, delay] of delays.entries()) {
    const full = Math.min(30_000, 500 * 2 ** index);
    expect(delay).toBeGreaterThanOrEqual(full / 2);
    expect(delay).toBeLessThanOrEqual(full);
  }
});

test('of a Pod no more is kept than is read, and what nobody reads is no change', () => {
  const wanted = wantedKinds.find(({ kind }) => kind === 'Pod');
  if (wanted === undefined) throw new Error('Pods are read');
  const store = new KubeStore(wanted);
  const pod = (version: number, ready: string, beats: number) => ({
    metadata: { name: 'a', namespace: 'x', uid: 'u', resourceVersion: `${version}`, managedFields: [{ manager: 'm' }] },
    spec: {
      nodeName: 'n',
      containers: [{ name: 'c', image: 'i', env: [], ports: [{ containerPort: 80 }] }],
      volumes: [],
    },
    status: { podIP: '10.0.0.1', phase: 'Running', conditions: [{ type: 'Ready', status: ready, beats }] },
  });
  const change = store.apply(pod(1, 'True', 1), 'v1');
  expect(change).toMatchObject({
    kind: 'applied',
    object: {
      id: '/Pod/x/a',
      json: {
        spec: { nodeName: 'n', containers: [{ name: 'c', ports: [{ containerPort: 80 }] }] },
        status: { podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] },
      },
    },
  });
  expect(JSON.stringify(change)).not.toMatch(/image|managedFields|resourceVersion/);
  expect(store.apply(pod(2, 'True', 2), 'v1')).toBe(null);
  expect(store.apply(pod(3, 'False', 3), 'v1')).not.toBe(null);
});
