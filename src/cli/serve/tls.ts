// Mutual TLS of the control plane: where its certificates come from, and who is let in by theirs.
import { spiffeAuthenticator } from '../../identity/authenticator.ts';
import type { Authority } from '../../identity/ca/authority.ts';
import type { Desk } from '../../identity/ca/desk.ts';
import { type Expiring, watchExpiry } from '../../identity/expiry.ts';
import { isTrustDomain } from '../../identity/spiffe.ts';
import { TlsFolder, UnusableTlsFolder } from '../../identity/tls-folder.ts';
import type { WatchedEvent } from '../../identity/watched.ts';
import type { KubeApi } from '../../kube/api.ts';
import { meshDefaults, type TrustDomains } from '../../model/mesh-defaults.ts';
import type { TlsListener } from '../../xds/transport/http2-server.ts';
import { UsageError } from '../command.ts';
import type { Address } from './address.ts';
import type { CaParts } from './ca.ts';
import { expiryLog } from './expiry-log.ts';
import type { Log } from './log.ts';
import type { CertificateMetrics } from './metrics/certificate-metrics.ts';
import type { TlsOptions } from './tls-options.ts';

/** What the xDS server needs to serve over mutual TLS. */
export interface Tls {
  readonly address: Address;
  readonly material: TlsListener['material'];
  readonly authenticator: ReturnType<typeof spiffeAuthenticator>;
  /** Where workloads get their certificates; null: not here. */
  readonly desk: Desk | null;
  /** Whose certificates everybody is to believe; null: nobody is told. */
  readonly authority: Authority | null;
  close(): Promise<void>;
}

export interface TlsParts {
  readonly log: Log;
  /** Null: there is none. */
  readonly api: KubeApi | null;
  readonly metrics: CertificateMetrics;
  /** What MeshConfig says; null as long as nobody has read it. */
  readonly trustDomains: () => TrustDomains | null;
}

/** Reads the certificates. Throws UsageError where they cannot be used. */
export async function openTls(options: TlsOptions, { log, api, metrics, trustDomains }: TlsParts): Promise<Tls> {
  const { address, trustDomains: asked } = options;
  const wrong = asked?.find((name) => !isTrustDomain(name));
  if (wrong !== undefined) {
    throw new UsageError(
      `${wrong} is no trust domain: it has lower-case letters, digits and .-_ only (--trust-domain)`,
    );
  }
  // Before MeshConfig is read nothing is served; nobody is signed for either.
  const trusted = () => asked ?? trustDomains() ?? meshDefaults.proxy.trustDomains;
  const trustDomain = () => (asked ?? trustDomains())?.[0] ?? null;
  const source = await openSource(options, { log, api, trustDomain, onRequest: metrics.onRequest });
  metrics.follow(source.certificates);
  const stop = watchExpiry({ certificates: source.certificates, onStep: expiryLog(log) });
  return {
    ...{ address, material: source.material, desk: source.desk, authority: source.authority },
    authenticator: spiffeAuthenticator({ trustDomains: trusted }),
    close: async () => {
      stop();
      await source.close();
    },
  };
}

interface Source extends Pick<Tls, 'material' | 'desk' | 'authority' | 'close'> {
  readonly certificates: () => readonly Expiring[];
}

async function openSource({ certificates }: TlsOptions, parts: CaParts): Promise<Source> {
  if (certificates.kind === 'folder') return openFolder(certificates.folder, parts.log);
  return (await import('./ca.ts')).openCa(certificates, parts);
}

async function openFolder(folder: string, log: Log): Promise<Source> {
  try {
    const material = await TlsFolder.open(folder, { onEvent: (event) => logTlsEvent(event, log) });
    const certificates = () => [{ name: 'server', ...material.validity() }];
    return { material, desk: null, authority: null, certificates, close: () => material.close() };
  } catch (error) {
    if (error instanceof UnusableTlsFolder) throw new UsageError(`${error.message} (--tls-dir)`);
    throw error;
  }
}

function logTlsEvent(event: WatchedEvent, log: Log): void {
  if (event.kind === 'broken') {
    log.error({ reason: event.reason }, 'new TLS files cannot be used; the old ones stay in force');
    return;
  }
  log.info(event.summary, 'TLS files in force');
  for (const warning of event.warnings) log.warn({ warning }, 'TLS files should be otherwise');
}
