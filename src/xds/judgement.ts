// Who was let in is judged again. A connection may last for longer than its certificate is valid, and OpenSSL looks at the
// chain and at lists of revoked certificates in the handshake only: when those change or run out, every client has to come
// anew.
import { status } from '@grpc/grpc-js';
import type { Ads } from './ads.ts';
import type { Authenticator, Connection } from './authenticator.ts';
import type { XdsTimers } from './server-options.ts';
import { spread } from './spread.ts';
import type { Connections } from './transport/connections.ts';
import type { TlsMaterial } from './transport/http2-server.ts';
import type { Rejection } from './xds-event.ts';

export interface JudgementOptions {
  readonly ads: Ads;
  readonly clients: Connections;
  readonly authenticator: Authenticator;
  readonly material: TlsMaterial;
  readonly timers: XdsTimers;
  readonly onRejected: (rejection: Rejection) => void;
  readonly onFault: (error: unknown) => void;
}

/** From time to time, and whenever the material has changed. */
export function judgeAgain(options: JudgementOptions): { readonly stop: () => void } {
  const { material, timers } = options;
  let trusted = trustIn(material);
  const sweep = (): void => {
    dismissRefused(options);
    const before = trusted;
    trusted = trustIn(material);
    if (isNarrower(trusted, before)) void renewAll(options);
  };
  const timer = setInterval(sweep, timers.judge);
  const forget = material.onChange(sweep);
  return {
    stop: () => {
      clearInterval(timer);
      forget();
    },
  };
}

/** By what a client's chain is judged. */
interface Trusted {
  readonly authorities: ReadonlySet<string>;
  readonly revoked: string;
  /** How many of these have run out. */
  readonly lapsed: number;
}

function trustIn(material: TlsMaterial): Trusted {
  const { ca, crl } = material.options();
  const certificates = [ca].flat().flatMap((text) => String(text).split(/(?<=-----END CERTIFICATE-----)/));
  const named = certificates.map((each) => each.trim()).filter((each) => each !== '');
  return { authorities: new Set(named), revoked: JSON.stringify(crl), lapsed: material.lapsed() };
}

/** Whether somebody who was believed may not be any more. One authority more changes nothing for who is there. */
function isNarrower(now: Trusted, before: Trusted): boolean {
  const isSame = now.revoked === before.revoked && now.lapsed === before.lapsed;
  return !isSame || !before.authorities.isSubsetOf(now.authorities);
}

/** Whoever would not be let in any more has its streams ended. */
function dismissRefused(options: JudgementOptions): void {
  const { ads, clients, onRejected } = options;
  const refused = new Map<Connection, string>();
  const open = clients.secure();
  for (const { connection } of open) {
    const reason = refusalOf(connection, options);
    if (reason !== null) refused.set(connection, reason);
  }
  for (const [{ remoteAddress: address }, detail] of refused) {
    onRejected({ reason: 'unauthenticated', address, detail });
  }
  for (const session of ads.sessions) {
    const reason = refused.get(session.caller.connection);
    if (reason !== undefined) session.leave(status.UNAUTHENTICATED, reason);
  }
  for (const { connection, leave } of open) if (refused.has(connection)) leave();
}

/** Where the judgement itself fails nobody stays, as nobody is let in. */
function refusalOf(connection: Connection, { authenticator, onFault }: JudgementOptions): string | null {
  try {
    const authentication = authenticator(connection);
    return authentication.kind === 'accepted' ? null : authentication.reason;
  } catch (error) {
    onFault(error);
    return 'internal error';
  }
}

/** Has all clients make a new handshake, one after the other. */
async function renewAll({ ads, clients, timers }: JudgementOptions): Promise<void> {
  clients.dropHandshakes();
  const open = clients.secure();
  const streams = Map.groupBy(ads.sessions, (session) => session.caller.connection);
  await spread(open, timers.closeSpread, ({ connection, leave }) => {
    for (const session of streams.get(connection) ?? []) {
      session.leave(status.UNAVAILABLE, 'other certificates are trusted now: connect anew');
    }
    leave();
  });
}
