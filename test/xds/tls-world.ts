// A real server that also listens on mutual TLS, with a CA of the test, and clients with certificates of any kind.
import { once } from 'node:events';
import { connect } from 'node:tls';
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import { spiffeAuthenticator } from '../../src/identity/authenticator.ts';
import { authorizeNode } from '../../src/identity/authorize-node.ts';
import { TlsFolder } from '../../src/identity/tls-folder.ts';
import type { WatchedEvent } from '../../src/identity/watched.ts';
import type { ServerParts } from '../../src/xds/server.ts';
import type { XdsTimers } from '../../src/xds/server-options.ts';
import type { AuthorizeNode } from '../../src/xds/session.ts';
import type { AdsClient, AdsClientOptions, Protocol } from '../harness/ads-client.ts';
import { type Issued, issueServer, SecretMount, TestCa, tlsFiles } from '../harness/certificates.ts';
import { inWorld, type World } from './world.ts';

export interface TlsWorld extends World {
  readonly ca: TestCa;
  readonly tlsPort: number;
  /** The server's files; `reloaded` resolves when a replacement is in force, or was found broken. */
  readonly mount: SecretMount;
  reloaded(): Promise<WatchedEvent>;
  /** Of the certificate that a new connection meets. */
  fingerprint(): Promise<string>;
  credentials(client: Issued | null): ChannelCredentials;
  /** Connects over TLS; null shows no certificate. */
  connectAs(client: Issued | null, options?: Partial<AdsClientOptions>): AdsClient;
}

export interface TlsWorldOptions {
  /** Called before the server starts; certificates of this CA that it names are revoked. */
  readonly revoke?: (ca: TestCa) => Promise<readonly Issued[]>;
  readonly server?: Partial<ServerParts>;
  readonly timers?: Partial<XdsTimers>;
  /** The time, for the authenticator. */
  readonly now?: () => number;
}

/** Runs a test in a world of its own. The trust domain is cluster.local. */
export async function inTlsWorld(
  protocol: Protocol,
  run: (world: TlsWorld) => Promise<void>,
  { revoke, server: more = {}, timers: given = {}, now = Date.now }: TlsWorldOptions = {},
): Promise<void> {
  const ca = await TestCa.create();
  const lists = revoke === undefined ? undefined : await ca.revoke(await revoke(ca));
  const mount = new SecretMount(tlsFiles(await issueServer(ca), ca.cert, lists));
  let wake = (_: WatchedEvent): void => {};
  const timers = { quiet: 10, patience: 40, recheck: 3_600_000 };
  const material = await TlsFolder.open(mount.path, { onEvent: (event) => wake(event), timers });
  const shown = (client: Issued | null): ChannelCredentials =>
    client === null
      ? credentials.createSsl(Buffer.from(ca.cert))
      : credentials.createSsl(Buffer.from(ca.cert), Buffer.from(client.key), Buffer.from(client.cert));
  const within = async (world: World): Promise<void> => {
    const { tlsPort } = world.server;
    if (tlsPort === null) throw new Error('the server does not listen on TLS');
    const connectAs: TlsWorld['connectAs'] = (client, options) =>
      world.connect({ port: tlsPort, credentials: shown(client), ...options });
    const reloaded = () =>
      new Promise<WatchedEvent>((resolve) => {
        wake = resolve;
      });
    await run({
      ...world,
      ca,
      tlsPort,
      mount,
      reloaded,
      fingerprint: () => fingerprint(tlsPort),
      credentials: shown,
      connectAs,
    });
  };
  const tls = { host: '127.0.0.1', port: 0, material };
  const authorize: AuthorizeNode = (node, identity) => authorizeNode(node, identity, undefined);
  const authenticator = spiffeAuthenticator({ trustDomains: () => ['cluster.local'], now });
  try {
    await inWorld(protocol, within, given, { tls, authenticator, authorizeNode: authorize, ...more });
  } finally {
    await material.close();
  }
}

async function fingerprint(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, ALPNProtocols: ['h2'], rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  return certificate?.fingerprint256 ?? '';
}

/** The node of a sidecar that says who it is by its id. */
export const sidecar = (name: string, namespace: string): { readonly id: string; readonly cluster: string } => ({
  id: `sidecar~10.0.0.1~${name}.${namespace}~${namespace}.svc.cluster.local`,
  cluster: `${name}.${namespace}`,
});
