// The admission webhooks over real HTTPS: what an API server, or anybody else, may send.

import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { applyPatch } from 'rfc6902';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type MeshSettings, usualMesh } from '../../../src/inject/pod/mesh-settings.ts';
import { injectPod } from '../../../src/inject/pod/pod.ts';
import { injectVerdict } from '../../../src/inject/webhook/inject.ts';
import { startWebhooks, type WebhookEvent, type WebhookServer } from '../../../src/inject/webhook/server.ts';
import { validateVerdict } from '../../../src/inject/webhook/validate.ts';
import type { JsonObject, JsonValue } from '../../../src/lib/json.ts';
import { objectId } from '../../../src/model/object.ts';
import { originOf } from '../../../src/model/origin.ts';
import { type Issued, issueServer, TestCa } from '../../harness/certificates.ts';

let server: WebhookServer;
let ca: string;
let material: Issued;
let renewed: () => void = () => {};
const events: WebhookEvent[] = [];
let mesh: MeshSettings = usualMesh;
const labelled = new Map([['istio-injection', 'enabled']]);

beforeAll(async () => {
  const authority = await TestCa.create();
  ca = authority.cert;
  material = await issueServer(authority);
  server = await startWebhooks({
    ...{ host: '127.0.0.1', port: 0, mostBytes: 1_000_000 },
    material: {
      options: () => material,
      onChange: (listener) => {
        renewed = listener;
        return () => {};
      },
    },
    webhooks: {
      '/inject': (review) => injectVerdict(review, { mesh, namespaceLabels: () => labelled }).verdict,
      '/validate': validateVerdict,
    },
    onEvent: (event) => events.push(event),
  });
});
afterAll(() => server.close());

async function post(path: string, body: string, method = 'POST'): Promise<{ status: number; body: string }> {
  const request = httpsRequest({
    ...{ host: '127.0.0.1', port: server.port, path, method, ca, checkServerIdentity: () => undefined, agent: false },
    headers: { 'content-type': 'application/json' },
  });
  request.on('error', () => {});
  request.end(body);
  const [response] = await once(request, 'response');
  return { status: response.statusCode, body: await text(response) };
}

const pod = (
  metadata: JsonObject = { name: 'web' },
  spec: JsonObject = { containers: [{ name: 'web' }] },
): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata,
  spec,
});

const review = (object: JsonValue, more: JsonObject = {}, apiVersion = 'admission.k8s.io/v1'): JsonObject => ({
  apiVersion,
  kind: 'AdmissionReview',
  request: {
    ...{ uid: 'u-1', kind: { group: '', version: 'v1', kind: 'Pod' }, operation: 'CREATE', namespace: 'shop', object },
    ...more,
  },
});

interface Response {
  readonly uid: string;
  readonly allowed: boolean;
  readonly patchType?: string;
  readonly patch?: string;
  readonly status?: { readonly message: string };
}

async function ask(path: string, body: JsonObject): Promise<{ apiVersion: string; response: Response }> {
  const answer = await post(path, JSON.stringify(body));
  expect(answer.status).toBe(200);
  return JSON.parse(answer.body);
}

function patched(object: JsonObject, { patch }: Response): JsonObject {
  const copy = structuredClone(object) as JsonObject;
  const errors = applyPatch(copy, JSON.parse(Buffer.from(patch ?? '', 'base64').toString()));
  expect(errors.every((each) => each === null)).toBe(true);
  return copy;
}

const wanted = (object: JsonObject): JsonObject => {
  const origin = originOf(objectId({ group: '', kind: 'Pod', namespace: 'shop', name: 'web' }));
  const namespace = { name: 'shop', labels: labelled, unlabelled: 'out' } as const;
  return injectPod({ pod: object, origin, workload: 'web', namespace, mesh }).pod;
};

test.each(['admission.k8s.io/v1', 'admission.k8s.io/v1beta1'])(
  'R-124: answers %s in kind, with the uid and a patch that gives the injected pod',
  async (apiVersion) => {
    const object = pod({ name: 'web', labels: { 'a/b': 'x', 'c~d': 'y' } });
    const answer = await ask('/inject', review(object, {}, apiVersion));
    expect(answer).toMatchObject({ apiVersion, response: { uid: 'u-1', allowed: true, patchType: 'JSONPatch' } });
    expect(patched(object, answer.response)).toEqual(wanted(object));
  },
);

test('R-122: a pod that has its sidecar gets no patch; one to which somebody added a container keeps it', async () => {
  const once = wanted(pod());
  expect((await ask('/inject', review(once))).response).toEqual({ uid: 'u-1', allowed: true });
  const spec = once['spec'] as JsonObject;
  const probe = { readinessProbe: { httpGet: { port: 99 } } };
  const more = {
    ...once,
    spec: { ...spec, containers: [...(spec['containers'] as JsonValue[]), { name: 'b', ...probe }] },
  };
  const twice = patched(more, (await ask('/inject', review(more))).response);
  expect(JSON.stringify(twice).match(/"name":"istio-proxy"/g)).toHaveLength(1);
  expect(JSON.stringify(twice)).toContain('/app-health/b/readyz');
  expect((await ask('/inject', review(twice))).response).toEqual({ uid: 'u-1', allowed: true });
});

test('R-123: a dry run is answered as any other', async () => {
  const [dry, real] = [await ask('/inject', review(pod(), { dryRun: true })), await ask('/inject', review(pod()))];
  expect(dry).toEqual(real);
});

test('R-121, R-125: a hundred at once are each answered with their own uid and one version of the settings', async () => {
  const asked = Array.from({ length: 100 }, async (_, index) => {
    const answer = ask('/inject', review(pod(), { uid: `u-${index}` }));
    mesh = { ...mesh, image: `image:${index}` };
    return answer;
  });
  for (const [index, { response }] of (await Promise.all(asked)).entries()) {
    expect(response.uid).toBe(`u-${index}`);
    const images = JSON.stringify(patched(pod(), response)).match(/"image":"[^"]*"/g) ?? [];
    expect([images.length, new Set(images).size]).toEqual([2, 1]);
  }
  mesh = usualMesh;
});

test('S-41: pods that are not chosen, other objects and other operations pass as they are', async () => {
  const allowed = { uid: 'u-1', allowed: true };
  const kind = { group: 'apps', version: 'v1', kind: 'Deployment' };
  for (const body of [
    review(pod(), { namespace: 'kube-system' }),
    review(pod(), { namespace: 'sluice-system' }),
    review(pod({ name: 'web', labels: { 'sidecar.istio.io/inject': 'false' } })),
    review(pod(), { kind }),
    review(null, { operation: 'DELETE' }),
    review(pod(), { operation: 'UPDATE' }),
  ]) {
    expect((await ask('/inject', body)).response).toEqual(allowed);
  }
});

test('S-42: no annotation changes image, user or rights; what asks for it is denied, with field and reason', async () => {
  for (const name of ['proxyImage', 'userVolume', 'bootstrapOverride', 'capNetBindService']) {
    const object = pod({ name: 'web', annotations: { [`sidecar.istio.io/${name}`]: 'evil' } });
    const { response } = await ask('/inject', review(object));
    expect(response).toMatchObject({ uid: 'u-1', allowed: false });
    expect(response.status?.message).toContain(`metadata.annotations.sidecar.istio.io/${name}: a pod may not choose`);
    expect(response.patch).toBeUndefined();
  }
  const forged = { name: 'istio-proxy', image: 'evil', securityContext: { privileged: true } };
  const object = pod(
    { name: 'web', annotations: { 'sidecar.istio.io/status': '{}' } },
    { containers: [{ name: 'web' }, forged] },
  );
  expect(JSON.stringify(patched(object, (await ask('/inject', review(object))).response))).not.toMatch(
    /evil|"privileged":true/,
  );
});

test('S-40: what is no question gets a 400, and the next one is answered', async () => {
  const good = review(pod());
  const deep = `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`;
  const bad = [
    ...[
      '',
      '{',
      'null',
      '[]',
      '"x"',
      JSON.stringify({ ...good, kind: 'Pod' }),
      JSON.stringify({ ...good, apiVersion: 'x/v9' }),
    ],
    ...[{}, { uid: 5 }, { kind: null }, { object: 'text' }].map((more) =>
      JSON.stringify(Object.keys(more).length === 0 ? { ...good, request: null } : review(pod(), more)),
    ),
    JSON.stringify(good).replace('"name":"web"', `"name":"web","x":${deep}`),
  ];
  for (const body of bad)
    expect([body.slice(0, 200), (await post('/inject', body)).status]).toEqual([body.slice(0, 200), 400]);
  expect((await post('/inject', ' '.repeat(1_000_001))).status).toBe(413);
  expect((await post('/other', '{}')).status).toBe(404);
  expect((await post('/inject', '', 'GET')).status).toBe(405);
  const plain = connect(server.port, '127.0.0.1').on('error', () => {});
  plain.end('GET / HTTP/1.1\r\n\r\n');
  await once(plain.resume(), 'close');
  expect((await ask('/inject', good)).response.allowed).toBe(true);
  expect(events).not.toContain('fault');
});

test('S-40: pods of any shape are denied or injected, and never fail it', async () => {
  const containers = Array.from({ length: 1000 }, (_, index) => ({ name: `c${index}` }));
  expect((await ask('/inject', review(pod({ name: 'web' }, { containers })))).response.allowed).toBe(true);
  const shapes: readonly JsonValue[] = [
    {},
    pod({ name: 'x' }, {}),
    pod({ name: 'x', annotations: 'text' }),
    pod({ name: 'x', labels: { a: 5 } }),
    pod({ name: 'x' }, { containers: [null, 5, { name: {} }] }),
    pod({ name: 'x' }, { containers: [{ name: 'a' }], volumes: {} }),
    pod({ name: 'x', annotations: { 'traffic.sidecar.istio.io/excludeInboundPorts': '22\n- evil' } }),
    pod({ name: 'x', annotations: { 'proxy.istio.io/config': '{{ .Values }}: [' } }),
  ];
  for (const object of shapes) {
    const { response } = await ask('/inject', review(object));
    expect(response).toMatchObject({ uid: 'u-1', allowed: false });
  }
  const odd = pod({ name: 'web' }, { containers: [{ name: '$[?(@)]/~"\n' }] });
  expect(patched(odd, (await ask('/inject', review(odd))).response)).toEqual(wanted(odd));
  expect(events).not.toContain('fault');
});

const rule = (spec: JsonObject): JsonObject => ({
  ...{ apiVersion: 'networking.istio.io/v1', kind: 'DestinationRule', metadata: { name: 'r' }, spec },
});
const kind = { group: 'networking.istio.io', version: 'v1', kind: 'DestinationRule' };

test('/validate says of an object what sluice validate says', async () => {
  const good = await ask('/validate', review(rule({ host: 'web' }), { kind }));
  expect(good.response).toEqual({ uid: 'u-1', allowed: true });
  const bad = rule({ host: 'web', trafficPolicy: { loadBalancer: { simple: 'RANDON' } } });
  const { response } = await ask('/validate', review(bad, { kind }));
  expect(response.allowed).toBe(false);
  expect(response.status?.message).toContain('SLC0103 spec.trafficPolicy.loadBalancer.simple');
});

test('/validate lets go what is deleted', async () => {
  expect((await ask('/validate', review(null, { kind, operation: 'DELETE' }))).response.allowed).toBe(true);
});

test('another certificate is shown from the moment it is there', async () => {
  const other = await TestCa.create('CN=Other');
  material = await issueServer(other);
  renewed();
  ca = other.cert;
  expect((await post('/validate', '{}')).status).toBe(400);
});
