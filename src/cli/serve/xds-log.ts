// What happens on the proxies' streams, as lines of the log: one an event, but of a flood one a second.
import type { XdsEvent } from '../../xds/xds-event.ts';
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
 * who have not said who they are it is one line a second for each reason.
 */
export function xdsEventLog(log: Log): (event: XdsEvent) => void {
  const write = (event: XdsEvent, suppressed = 0): void => {
    const [level, message] = lines[event.kind];
    const { kind, ...fields } = event;
    const told = suppressed === 0 ? fields : { ...fields, suppressed };
    log[level](kind === 'fault' ? { ...told, err: event.error } : told, message);
  };
  const throttle = new Throttle(write);
  return (event) => {
    const [level] = lines[event.kind];
    if (!log.isLevelEnabled(level)) return;
    if (level === 'debug') write(event);
    else throttle.add(event.kind, event.node ?? (event.kind === 'rejected' ? event.reason : ''), event);
  };
}
