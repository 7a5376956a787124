// The CA of the control plane as the command line asks for it: what it signs, for whom, and what is logged of that.
import { isIP } from 'node:net';
import type { JsonGeneralName } from '@peculiar/x509';
import { apiReviewer } from '../../identity/api-reviewer.ts';
import { Authority, UnusableCa } from '../../identity/ca/authority.ts';
import { caFolder } from '../../identity/ca/ca-folder.ts';
import { caSecret } from '../../identity/ca/ca-secret.ts';
import type { CaStore } from '../../identity/ca/ca-store.ts';
import { createDesk, type Desk } from '../../identity/ca/desk.ts';
import { ServerCertificate, type ServerCertificateEvent } from '../../identity/ca/server-certificate.ts';
import type { Expiring } from '../../identity/expiry.ts';
import { keyFileReviewer, readPublicKeys } from '../../identity/key-file-reviewer.ts';
import { Broken } from '../../identity/pem-file.ts';
import { spiffeId } from '../../identity/spiffe.ts';
import type { TokenReviewer } from '../../identity/token-reviewer.ts';
import type { WatchedEvent } from '../../identity/watched.ts';
import type { KubeApi } from '../../kube/api.ts';
import { UsageError } from '../command.ts';
import type { Log } from './log.ts';
import type { CaOptions, CaPlace, KeyFile, TokenOptions } from './tls-options.ts';

export interface Ca {
  /** The control plane's own certificate. */
  readonly material: ServerCertificate;
  readonly authority: Authority;
  readonly desk: Desk;
  /** What comes to its end some day. */
  certificates(): readonly Expiring[];
  close(): Promise<void>;
}

export interface CaParts {
  readonly log: Log;
  /** Null: there is none. */
  readonly api: KubeApi | null;
  /** The mesh's own; null as long as it is not known. */
  readonly trustDomain: () => string | null;
  /** Told of every request for a certificate: what came of it. */
  readonly onRequest: (outcome: string) => void;
}

/** Throws UsageError where the CA or the keys of tokens cannot be used. */
export async function openCa(options: CaOptions, { log, api, trustDomain, onRequest }: CaParts): Promise<Ca> {
  const { place, serverNames, lifetime, tokens } = options;
  const reviewer = tokens === null ? null : await openReviewer(tokens, api);
  const authority = await openAuthority(place, api, {
    organization: trustDomain() ?? 'Sluice',
    ...(lifetime !== null && { lifetime }),
    onEvent: (event) => logCa(event, log),
  });
  const names = serverNames.map((value): JsonGeneralName => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }));
  const onEvent = (event: ServerCertificateEvent): void => logServerCertificate(event, log);
  const material = await ServerCertificate.open({ authority, names, onEvent });
  const desk = createDesk({ authority, tokens: reviewer, trustDomain });
  return {
    material,
    authority,
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

/** That there is an API is checked with the options. */
function known(api: KubeApi | null): KubeApi {
  if (api === null) throw new UsageError('a Kubernetes API is needed: add --kube');
  return api;
}

const storeAt = (place: CaPlace, api: KubeApi | null): CaStore =>
  place.kind === 'folder' ? caFolder(place.path) : caSecret(known(api), place);

async function openAuthority(
  place: CaPlace,
  api: KubeApi | null,
  options: Omit<Parameters<typeof Authority.open>[0], 'store'>,
): Promise<Authority> {
  try {
    return await Authority.open({ store: storeAt(place, api), ...options });
  } catch (error) {
    if (error instanceof UnusableCa)
      throw new UsageError(`${error.message} (${place.kind === 'folder' ? '--ca-dir' : '--ca-secret'})`);
    throw error;
  }
}

async function openReviewer({ by, audiences }: TokenOptions, api: KubeApi | null): Promise<TokenReviewer> {
  if (by === 'api') return apiReviewer({ api: known(api), audiences });
  await checkKeys(by);
  return keyFileReviewer({ path: by.keys, issuer: by.issuer, audiences });
}

async function checkKeys({ keys }: KeyFile): Promise<void> {
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
