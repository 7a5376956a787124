// Two real Envoys get their certificates from the control plane's CA, speak mutual TLS by them, and go on while everything that
// a certificate depends on is replaced every few seconds.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { Backends } from '../../src/cli/demo/backends.ts';
import { freePortOn } from '../../src/cli/demo/free-ports.ts';
import { type Answer, HttpClient, plainCall } from '../../src/cli/demo/traffic.ts';
import { poll } from '../../src/inject/poll.ts';
import { folder, type Serving, serve } from '../cli/sluice.ts';
import { AgentEnvoy } from '../harness/agent.ts';
import { filesOf, makeCa } from '../harness/ca-files.ts';
import { serverName } from '../harness/certificates.ts';
import { edgeLabels, oneService } from '../harness/edge.ts';
import { addresses, backendPort } from '../harness/shop.ts';
import { TokenIssuer, tokenIssuer } from '../harness/tokens.ts';

const patience = { within: 30_000, every: 20 };

const pod = (name: string, address: string, labels: object): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${name}-1`, labels: { ...labels, 'security.istio.io/tlsMode': 'istio' } },
    spec: { serviceAccountName: name },
    status: { podIP: address },
  });

interface Edge {
  readonly address: string;
  /** Where the gateway listens, and the service that leads there. */
  readonly port: number;
  readonly servicePort: number;
}

/** The client calls the service `edge` by mutual TLS; the gateway behind it calls the shop. */
function config(shop: string, { address, port, servicePort }: Edge): Readonly<Record<string, string>> {
  const metadata = { name: 'edge' };
  const networking = { apiVersion: 'networking.istio.io/v1', metadata };
  const tls = { mode: 'ISTIO_MUTUAL' };
  const server = { port: { number: port, name: 'https', protocol: 'HTTPS' }, bind: address, hosts: ['*'], tls };
  const route = [{ destination: { host: 'shop' } }];
  const [name, labels] = ['http', { 'kubernetes.io/service-name': 'edge' }];
  const endpoint = { addresses: [address], targetRef: { kind: 'Pod', name: 'edge-1' } };
  const objects = [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ name, port: servicePort, targetPort: port }] } },
    {
      ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name: 'edge', labels } },
      ...{ addressType: 'IPv4', ports: [{ name, port }], endpoints: [endpoint] },
    },
    { ...networking, kind: 'Gateway', spec: { selector: edgeLabels, servers: [server] } },
    { ...networking, kind: 'VirtualService', spec: { hosts: ['*'], gateways: ['edge'], http: [{ route }] } },
  ];
  return {
    ...(oneService('shop', shop) as Readonly<Record<string, string>>),
    'edge.yaml': objects.map((each) => stringify(each)).join('---\n'),
    'pods.yaml': [pod('edge', address, edgeLabels), pod('web', '10.0.0.1', {})].join('---\n'),
  };
}

interface World {
  readonly serving: Serving;
  readonly caDir: string;
  readonly web: AgentEnvoy;
  readonly edge: AgentEnvoy;
  readonly client: HttpClient;
  /** Who has issued the certificate that the gateway shows now. */
  issuer(): Promise<string>;
}

async function startWorld(lifetime: string): Promise<World> {
  const [shop = '', address = ''] = addresses(2, 220);
  const backends = new Backends();
  onTestFinished(() => backends.close());
  await backends.ensure([{ address: shop, port: backendPort, speech: 'http' }]);
  const ports = { port: await freePortOn([address]), servicePort: await freePortOn(['127.0.0.1']) };
  const caDir = mkdtempSync(join(tmpdir(), 'sluice-ca-'));
  onTestFinished(() => rmSync(caDir, { recursive: true, force: true }));
  const issuer = new TokenIssuer();
  const tokens = ['--token-keys', issuer.path, '--token-issuer', tokenIssuer];
  const ca = ['--ca-dir', caDir, '--certificate-lifetime', lifetime, '--server-name', serverName];
  const where = ['--xds-tls-address', '127.0.0.1:0', '--xds-address', 'none', '--allow-loopback-endpoints'];
  const files = folder(config(shop, { address, ...ports }));
  const serving = await serve(['--config', files, ...ca, ...tokens, ...where, '--log-level', 'debug']);
  const server = { host: '127.0.0.1', port: Number(serving.xdsTls.split(':')[1]), name: serverName };
  const start = async (name: string, ip: string, more: object): Promise<AgentEnvoy> => {
    const token = await issuer.token({ namespace: 'default', serviceAccount: name });
    const settings = { namespace: 'default', interception: 'NONE', portOffset: 0 } as const;
    const node = { ip, name: `${name}-1`, ...settings, ...more };
    const started = await AgentEnvoy.start({ node, server, rootsFile: join(caDir, 'root-cert.pem'), token });
    onTestFinished(() => started.close());
    return started;
  };
  const [web, edge] = [
    await start('web', '10.0.0.1', {}),
    await start('edge', address, { gateway: { labels: edgeLabels } }),
  ];
  const client = new HttpClient({ address: '127.0.0.1', port: ports.servicePort, host: 'edge' });
  onTestFinished(() => client.close());
  const answered = async () => ((await client.call(plainCall)).kind === 'answered' ? true : undefined);
  await poll(answered, { ...patience, what: 'the first answer through both Envoys' });
  return { serving, caDir, web, edge, client, issuer: () => issuerAt(address, ports.port) };
}

async function issuerAt(host: string, port: number): Promise<string> {
  const socket = connect({ host, port, rejectUnauthorized: false });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  return certificate?.issuer ?? '';
}

test('R-90: certificates, the CA and its root are replaced every few seconds, and no request fails', async () => {
  const { serving, caDir, web, edge, client, issuer } = await startWorld('6s');
  const failed: Answer[] = [];
  let [calls, over] = [0, false];
  const load = Array.from({ length: 4 }, async () => {
    while (!over) {
      const answer = await client.call(plainCall);
      calls += 1;
      if (answer.kind !== 'answered') failed.push(answer);
    }
  });
  const renewals = async (count: number): Promise<void> => {
    const [atWeb, atEdge] = [web.issued + count, edge.issued + count];
    const look = async () => (web.issued >= atWeb && edge.issued >= atEdge ? true : undefined);
    await poll(look, { ...patience, what: `${count} certificates for each` });
  };
  await renewals(2);
  const next = await makeCa({ name: 'next' });
  for (const [name, text] of Object.entries(filesOf(next))) writeFileSync(join(caDir, name), text, { mode: 0o600 });
  await serving.line('CN=next');
  // It is believed for a life before it signs, and the old one for a life after.
  const renewed = async () => ((await issuer()) === 'CN=next' ? true : undefined);
  await poll(renewed, { ...patience, what: 'a certificate of the new CA' });
  await renewals(4);
  over = true;
  await Promise.all(load);
  expect(failed.slice(0, 3)).toEqual([]);
  expect(calls).toBeGreaterThan(100);
});
