// The CA of the control plane as the command line asks for it: what it signs, for whom, and what is logged of that.
import { isIP } from 'node:net';
import type { JsonGeneralName } from '@peculiar/x509';
import { Authority, UnusableCa } from '../../identity/ca/authority.ts';
import { caFolder } from '../../identity/ca/ca-folder.ts';
import { createDesk, type Desk } from '../../identity/ca/desk.ts';
import { ServerCertificate, type ServerCertificateEvent } from '../../identity/ca/server-certificate.ts';
import type { Expiring } from '../../identity/expiry.ts';
import { keyFileReviewer, readPublicKeys } from '../../identity/key-file-reviewer.ts';
import { Broken } from '../../identity/pem-file.ts';
import { spiffeId } from '../../identity/spiffe.ts';
import type { WatchedEvent } from '../../identity/watched.ts';
import { UsageError } from '../command.ts';
import type { Log } from './log.ts';
import type { CaOptions, TokenOptions } from './tls-options.ts';

export interface Ca {
  /** The control plane's own certificate. */
  readonly material: ServerCertificate;
  readonly desk: Desk;
  /** What comes to its end some day. */
  certificates(): readonly Expiring[];
  close(): Promise<void>;
}

export interface CaParts {
  readonly log: Log;
  /** The mesh's own; null as long as it is not known. */
  readonly trustDomain: () => string | null;
  /** Told of every request for a certificate: what came of it. */
  readonly onRequest: (outcome: string) => void;
}

/** Throws UsageError where the CA or the keys of tokens cannot be used. */
export async function openCa(options: CaOptions, { log, trustDomain, onRequest }: CaParts): Promise<Ca> {
  const { folder, serverNames, lifetime, tokens } = options;
  if (tokens !== null) await checkTokenKeys(tokens);
  const authority = await openAuthority(folder, {
    organization: trustDomain() ?? 'Sluice',
    ...(lifetime !== null && { lifetime }),
    onEvent: (event) => logCa(event, log),
  });
  const names = serverNames.map((value): JsonGeneralName => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }));
  const onEvent = (event: ServerCertificateEvent): void => logServerCertificate(event, log);
  const material = await ServerCertificate.open({ authority, names, onEvent });
  const reviewer = tokens === null ? null : keyFileReviewer({ ...tokens, path: tokens.keys });
  const desk = createDesk({ authority, tokens: reviewer, trustDomain });
  return {
    material,
    desk: loggedDesk(desk, log, onRequest),
    certificates: () => [
      { name: 'ca', ...authority.validity() },
      { name: 'server', ...material.validity() },
    ],
    close: async () => {
      await material.close();
      authority.close();
    },
  };
}

async function openAuthority(
  folder: string,
  options: Omit<Parameters<typeof Authority.open>[0], 'store'>,
): Promise<Authority> {
  try {
    return await Authority.open({ store: caFolder(folder), ...options });
  } catch (error) {
    if (error instanceof UnusableCa) throw new UsageError(`${error.message} (--ca-dir)`);
    throw error;
  }
}

async function checkTokenKeys({ keys }: TokenOptions): Promise<void> {
  try {
    await readPublicKeys(keys);
  } catch (error) {
    if (error instanceof Broken) throw new UsageError(`${error.message} (--token-keys)`);
    throw error;
  }
}

function logCa(event: WatchedEvent, log: Log): void {
  if (event.kind === 'broken') {
    log.error({ reason: event.reason }, 'new files of the CA cannot be used; the old ones stay in force');
    return;
  }
  log.info(event.summary, 'files of the CA read');
  for (const warning of event.warnings) log.warn({ warning }, 'files of the CA should be otherwise');
}

function logServerCertificate(event: ServerCertificateEvent, log: Log): void {
  if (event.kind === 'failed') {
    log.error({ err: event.error }, "the control plane's certificate could not be renewed; the old one stays in force");
    return;
  }
  log.info({ expires: new Date(event.validity.to).toISOString() }, "the control plane's certificate is in force");
}

/** Who got a certificate, or why not. Nothing of keys or tokens is in it. */
function loggedDesk(desk: Desk, log: Log, onRequest: CaParts['onRequest']): Desk {
  return async (request) => {
    const outcome = await desk(request);
    onRequest(outcome.kind);
    const identity = outcome.identity === null ? null : spiffeId(outcome.identity);
    if (outcome.kind === 'signed') log.debug({ identity }, 'certificate signed');
    else log.warn({ identity, reason: outcome.reason }, 'certificate refused');
    return outcome;
  };
}
