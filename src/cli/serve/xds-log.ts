// What happens on the proxies' streams, as lines of the log: one an event, but of a flood one a second.
import { spiffeId } from '../../identity/spiffe.ts';
import type { Claim, XdsEvent } from '../../xds/xds-event.ts';
import type { Log } from './log.ts';
import { Throttle } from './throttle.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';

const lines: { readonly [K in XdsEvent['kind']]: readonly [level: Level, message: string] } = {
  connected: ['info', 'proxy connected'],
  subscribed: ['debug', 'subscribed'],
  pushed: ['debug', 'pushed'],
  acknowledged: ['debug', 'acknowledged'],
  stale: ['debug', 'answered an older response'],
  refused: ['warn', 'proxy refused the configuration'],
  converged: ['debug', 'has acknowledged all of a change'],
  held: ['warn', 'listeners or routes wait for clusters that the proxy has not acknowledged'],
  unknownType: ['warn', 'proxy asked for a type that is not served'],
  clusterless: ['warn', 'proxy does not ask for clusters'],
  rejected: ['warn', 'a connection or a stream was refused'],
  throttled: ['debug', 'proxy asks too often; it is read later'],
  stalled: ['warn', 'proxy does not read what it is sent; closing its stream'],
  fault: ['error', 'a fault of Sluice ended the stream; the proxy connects again'],
  closed: ['info', 'proxy disconnected'],
};

/**
 * Logs events of the xDS server. Of events of one kind from one proxy, but for those at level debug, the first is logged
 * at once; of what follows within a second the last, with the number of those that were `suppressed`. Of refusals of those
 * who have not said who they are it is one line a second for each reason; of those who may not be who they say they are,
 * one for each identity.
 */
export function xdsEventLog(log: Log): (event: XdsEvent) => void {
  const write = (event: XdsEvent, suppressed = 0): void => {
    const [level, message] = lines[event.kind];
    const fields = fieldsOf(event);
    log[level](
      suppressed === 0 ? fields : { ...fields, suppressed },
      claimOf(event) === null ? message : 'proxy denied',
    );
  };
  const throttle = new Throttle(write);
  return (event) => {
    const [level] = lines[event.kind];
    if (!log.isLevelEnabled(level)) return;
    if (level === 'debug') write(event);
    else throttle.add(event.kind, event.node ?? placeOf(event), event);
  };
}

const claimOf = (event: XdsEvent) => (event.kind === 'rejected' ? (event.claimed ?? null) : null);

const identityOf = ({ identity }: Claim): string | null => (identity === null ? null : spiffeId(identity));

/** Where an event of somebody who is not a proxy yet comes from: never by what it says of itself. */
function placeOf(event: XdsEvent): string {
  const claim = claimOf(event);
  if (claim !== null) return identityOf(claim) ?? '';
  return event.kind === 'rejected' ? event.reason : '';
}

function fieldsOf(event: XdsEvent): object {
  const { kind, ...fields } = event;
  const claim = claimOf(event);
  if (claim !== null) return { ...fields, claimed: claim.node, identity: identityOf(claim) };
  return kind === 'fault' ? { ...fields, err: event.error } : fields;
}
