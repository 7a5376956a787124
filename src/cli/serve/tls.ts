// Mutual TLS of the control plane: its certificates from a folder, and who is let in by theirs.
import { spiffeAuthenticator } from '../../identity/authenticator.ts';
import { isTrustDomain } from '../../identity/spiffe.ts';
import { TlsFolder, UnusableTlsFolder } from '../../identity/tls-folder.ts';
import type { WatchedEvent } from '../../identity/watched.ts';
import { UsageError } from '../command.ts';
import type { Address } from './address.ts';
import type { Log } from './log.ts';

export interface TlsOptions {
  readonly folder: string;
  readonly address: Address;
  /** Whose identities are accepted. */
  readonly trustDomains: readonly string[];
}

/** What the xDS server needs to serve over mutual TLS. */
export interface Tls {
  readonly address: Address;
  readonly material: TlsFolder;
  readonly authenticator: ReturnType<typeof spiffeAuthenticator>;
}

/** Reads the certificates. Throws UsageError where they cannot be used. */
export async function openTls({ folder, address, trustDomains }: TlsOptions, log: Log): Promise<Tls> {
  const wrong = trustDomains.find((name) => !isTrustDomain(name));
  if (wrong !== undefined) {
    throw new UsageError(
      `${wrong} is no trust domain: it has lower-case letters, digits and .-_ only (--trust-domain)`,
    );
  }
  try {
    const material = await TlsFolder.open(folder, { onEvent: (event) => logTlsEvent(event, log) });
    return { address, material, authenticator: spiffeAuthenticator({ trustDomains }) };
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
