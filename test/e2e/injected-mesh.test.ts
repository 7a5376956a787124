// Two pods as injection makes them, run: they get certificates for the tokens of their service accounts, call each other by
// mutual TLS, and are told apart by who they are. Needs root; elsewhere it is skipped.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { usualMesh } from '../../src/inject/pod/mesh-settings.ts';
import { poll } from '../../src/inject/poll.ts';
import { injectWorkload } from '../../src/inject/workload.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { folder, serve } from '../cli/sluice.ts';
import { hostAddress, type Pod, PodNetwork, whyNoNamespaces } from '../harness/network.ts';
import { NodeAgent } from '../harness/node-agent.ts';
import { startPodServer } from '../harness/pod-program.ts';
import { TokenIssuer, tokenIssuer } from '../harness/tokens.ts';

const execute = promisify(execFile);
const reason = whyNoNamespaces();
const names = ['client', 'server'] as const;

const service = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  clusterIP: 198.19.99.10
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints: [{addresses: [198.19.77.21], targetRef: {kind: Pod, name: server}}]
`;

const strict = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default}
spec: {mtls: {mode: STRICT}}
`;

const policy = (account: string): string => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: web}
spec:
  selector: {matchLabels: {app: server}}
  rules: [{from: [{source: {serviceAccounts: [${account}]}}]}]
`;

const podYaml = (name: string): string => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {app: ${name}}}
spec:
  serviceAccountName: ${name}
  containers: [{name: app, image: app}]
`;

function injected(name: string, controlPlane: string): JsonObject {
  const namespaceOf = () => ({ name: 'default', labels: new Map<string, string>(), unlabelled: 'in' }) as const;
  const injection = injectWorkload(parse(podYaml(name)), { mesh: { ...usualMesh, controlPlane }, namespaceOf });
  expect(injection).toMatchObject({ kind: 'injected', diagnostics: [] });
  return injection?.pod ?? {};
}

async function call(client: Pod): Promise<string> {
  const program = fileURLToPath(new URL('../harness/pod-client.ts', import.meta.url));
  const [command = '', ...args] = [...client.enter, process.execPath, program, 'http', 'http://198.19.99.10/', '1'];
  return (await execute(command, args)).stdout.trim();
}

const becomes = (client: Pod, answer: RegExp): Promise<unknown> =>
  poll(async () => (answer.test(await call(client)) ? true : undefined), {
    within: 30_000,
    every: 100,
    what: `the server to answer ${answer}`,
  });

test.skipIf(reason !== null)(
  `injected pods speak mutual TLS, and a policy knows who they are${reason === null ? '' : ` (skipped: ${reason})`}`,
  async () => {
    const network = new PodNetwork();
    onTestFinished(() => network.close());
    const issuer = new TokenIssuer();
    const caDir = mkdtempSync(join(tmpdir(), 'sluice-ca-'));
    onTestFinished(() => rmSync(caDir, { recursive: true, force: true }));
    const config = folder({ 'service.yaml': service, 'mode.yaml': strict, 'policy.yaml': policy('client') });
    const tls = ['--ca-dir', caDir, '--server-name', hostAddress, '--xds-tls-address', `${hostAddress}:0`];
    const tokens = ['--token-keys', issuer.path, '--token-issuer', tokenIssuer];
    const serving = await serve(['--config', config, '--xds-address', 'none', ...tls, ...tokens]);
    const node = await NodeAgent.create();
    onTestFinished(() => node.close());
    const pods = { client: network.plainPod('client', 11), server: network.plainPod('server', 21) };
    for (const name of names) {
      const pod = { ...injected(name, serving.xdsTls), status: { podIP: pods[name].address } };
      writeFileSync(join(config, `${name}.yaml`), stringify(pod));
      const token = await issuer.token({ namespace: 'default', serviceAccount: name });
      const roots = readFileSync(join(caDir, 'root-cert.pem'), 'utf8');
      await node.mount(pods[name], { 'istio-token': token, 'root-cert.pem': roots });
      await node.startInit(pod, pods[name]);
    }
    const app = await startPodServer(pods.server, 'server');
    onTestFinished(app.end);
    await becomes(pods.client, /^200 server 127\.0\.0\.6 spiffe:\/\/cluster\.local\/ns\/default\/sa\/client$/);
    writeFileSync(join(config, 'policy.yaml'), policy('bank'));
    await becomes(pods.client, /^403 RBAC: access denied$/);
  },
);
