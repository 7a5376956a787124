// `sluice serve` with admission webhooks: an API server's question over HTTPS, answered and counted.
import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import { json } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { issueServer, TestCa, tlsFiles } from '../harness/certificates.ts';
import { folder, serve, sluice } from './sluice.ts';

const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: disabled}}\n';

test('pods of namespaces that are labelled get a sidecar, others do not; both are counted', async () => {
  const ca = await TestCa.create();
  const tls = folder({ ...tlsFiles(await issueServer(ca), ca.cert) });
  const config = folder({ 'all.yaml': namespace });
  const webhook = ['--webhook-address', '127.0.0.1:0', '--sidecar-image', 'ours:1'];
  const encrypted = ['--tls-dir', tls, '--xds-tls-address', '127.0.0.1:0', '--xds-address', 'none'];
  const serving = await serve(['--config', config, ...encrypted, ...webhook]);
  const [, port] = /webhook=127\.0\.0\.1:(\d+)/.exec(await serving.line('listening ')) ?? [];
  const ask = async (where: string) => {
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { containers: [{ name: 'a' }] } };
    const kind = { group: '', version: 'v1', kind: 'Pod' };
    const request = httpsRequest({
      ...{ host: '127.0.0.1', port: Number(port), path: '/inject', method: 'POST', ca: ca.cert },
      headers: { 'content-type': 'application/json' },
    });
    const asked = { uid: where, kind, operation: 'CREATE', namespace: where, object };
    request.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: asked }));
    const [response] = await once(request, 'response');
    return (await json(response)) as { response: { patch?: string } };
  };
  expect((await ask('shop')).response).toEqual({ uid: 'shop', allowed: true });
  const { patch = '' } = (await ask('unknown')).response;
  expect(Buffer.from(patch, 'base64').toString()).toContain('"image":"ours:1"');
  const metrics = await (await fetch(`http://${serving.http}/metrics`)).text();
  expect(metrics.match(/^sidecar_injection_.*/gm)).toEqual([
    'sidecar_injection_requests_total 2',
    'sidecar_injection_success_total 1',
    'sidecar_injection_skip_total 1',
    'sidecar_injection_failure_total 0',
  ]);
  expect((await serving.end('SIGTERM')).status).toBe(0);
});

test('an address without certificates is refused', async () => {
  const { status, stderr } = await sluice(['serve', '--config', folder({}), '--webhook-address', '127.0.0.1:0']);
  expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringContaining('--tls-dir') });
});
