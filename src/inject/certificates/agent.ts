// The certificates of a workload, from the control plane to its Envoy: asked for, kept fresh, and given out over SDS.
import { readFile } from 'node:fs/promises';
import type { Expiring } from '../../identity/expiry.ts';
import type { WallClock } from '../../identity/wall-clock.ts';
import { type CertificateRequest, requestCertificate } from './certificate-client.ts';
import { CertificateKeeper, type KeeperEvent, type WorkloadCertificate } from './certificate-keeper.ts';
import { startSdsServer } from './sds-server.ts';
import { secretsOf } from './secrets.ts';

export interface CertificateAgentOptions {
  /** The control plane, where it signs. */
  readonly server: { readonly host: string; readonly port: number; readonly name: string };
  /** A file with the roots that its certificate is under; read at every request. */
  readonly rootsFile: string;
  /** A file with the token of the workload's service account, read at every request. Where it is gone the certificate counts. */
  readonly tokenFile: string;
  /** Of the Unix socket that Envoy's bootstrap names as `sds-grpc`. */
  readonly socket: string;
  readonly onEvent: (event: AgentEvent) => void;
  readonly clock?: WallClock;
}

export type AgentEvent = KeeperEvent | { readonly kind: 'refused by Envoy'; readonly message: string };

export interface CertificateAgent {
  /** What there is now, for whoever tells of its end; empty until the first one came. */
  certificates(): readonly Expiring[];
  close(): Promise<void>;
}

/** In milliseconds. */
const deadline = 10_000;

/** Starts to serve at once; Envoy waits until the first certificate is there. */
export async function startCertificateAgent(options: CertificateAgentOptions): Promise<CertificateAgent> {
  const { socket, onEvent, clock } = options;
  const onRefused = (message: string): void => onEvent({ kind: 'refused by Envoy', message });
  const sds = await startSdsServer({ path: socket, onRefused });
  const keeper = new CertificateKeeper({
    request: (csr, current) => request(csr, current, options),
    onEvent,
    ...(clock !== undefined && { clock }),
  });
  keeper.onChange((certificate) => sds.publish(secretsOf(certificate)));
  return {
    certificates: () => {
      const current = keeper.current();
      return current === null ? [] : [{ name: 'workload', ...current.validity }];
    },
    close: async () => {
      keeper.close();
      await sds.close();
    },
  };
}

async function request(
  csr: string,
  current: WorkloadCertificate | null,
  { server, rootsFile, tokenFile }: CertificateAgentOptions,
): Promise<readonly string[]> {
  const { host, port, name } = server;
  // Those of the last answer too: a file may be updated later than a certificate.
  const roots = `${await readText(rootsFile)}\n${current?.roots ?? ''}`;
  const by = await credentialsOf(tokenFile, current);
  return requestCertificate({ host, port, serverName: name, roots, csr, by, deadline });
}

/** A token says who it is even where the certificate has expired; without one the certificate is all that there is. */
async function credentialsOf(
  tokenFile: string,
  current: WorkloadCertificate | null,
): Promise<CertificateRequest['by']> {
  try {
    return { kind: 'token', token: (await readText(tokenFile)).trim() };
  } catch (error) {
    if (current === null) throw error;
    return { kind: 'certificate', own: current };
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
    throw new Error(`cannot read ${path} (${code})`);
  }
}
