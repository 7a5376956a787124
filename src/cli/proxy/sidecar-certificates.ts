// Where a sidecar has its certificates from: a folder, the control plane for a token, or nowhere.
import { join } from 'node:path';
import type { BootstrapOptions, SidecarNode } from '../../inject/bootstrap.ts';
import { type AgentEvent, type CertificateAgent, startCertificateAgent } from '../../inject/certificates/agent.ts';
import { UsageError } from '../command.ts';
import type { SidecarFlags } from './sidecar-flags.ts';

type Secured = Pick<BootstrapOptions, 'xdsTls'> & {
  readonly node: Pick<SidecarNode, 'certificateFiles' | 'sdsSocket'>;
};

const inFolder = (flags: SidecarFlags): string => join(flags.folder, 'sds');

/** What of the bootstrap says where they are. Throws UsageError where the flags do not say it, or say it twice. */
export function securedBy(flags: SidecarFlags): Secured {
  const { plaintext = false, tlsDir, token, roots } = flags;
  const ways = [plaintext, tlsDir !== undefined, token !== undefined].filter(Boolean).length;
  if (ways !== 1) {
    throw new UsageError(
      'its certificates come from a folder (--tls-dir), for a token (--token), or not (--plaintext)',
    );
  }
  if ((token === undefined) !== (roots === undefined)) throw new UsageError('--token and --roots belong together');
  const serverName = flags.serverName ?? flags.xdsAddress.host;
  if (plaintext) return { node: {} };
  if (tlsDir === undefined) return { node: { sdsSocket: inFolder(flags) }, xdsTls: { kind: 'agent', serverName } };
  const [chain, key, root] = [join(tlsDir, 'tls.crt'), join(tlsDir, 'tls.key'), join(tlsDir, 'ca.crt')];
  const xdsTls = { certificate: chain, key, ca: root, serverName };
  return { node: { certificateFiles: { chain, key, root } }, xdsTls };
}

/** Asks for certificates, where they come for a token; Envoy waits for the first one. Null: they come otherwise. */
export async function certificatesFor(flags: SidecarFlags): Promise<CertificateAgent | null> {
  const { token: tokenFile, roots: rootsFile, xdsAddress, serverName } = flags;
  if (tokenFile === undefined || rootsFile === undefined) return null;
  const server = { ...xdsAddress, name: serverName ?? xdsAddress.host };
  return startCertificateAgent({ server, tokenFile, rootsFile, socket: inFolder(flags), onEvent: say });
}

const words: { readonly [K in AgentEvent['kind']]: (event: Extract<AgentEvent, { readonly kind: K }>) => string } = {
  issued: ({ validity }) => `a certificate came, valid until ${new Date(validity.to).toISOString()}`,
  failed: ({ reason, again }) => `no certificate: ${reason}; the next try is in ${(again / 1000).toFixed(1)} s`,
  'refused by Envoy': ({ message }) => `Envoy refused a certificate: ${message}`,
};

function say<K extends AgentEvent['kind']>(event: Extract<AgentEvent, { readonly kind: K }>): void {
  const text = words[event.kind as K] as (each: typeof event) => string;
  process.stderr.write(`${new Date().toISOString()} ${text(event)}\n`);
}
