// What happens on the proxies' streams, as lines of the log.
import type { XdsEvent } from '../../xds/xds-event.ts';
import type { Log } from './log.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';

const lines: { readonly [K in XdsEvent['kind']]: readonly [level: Level, message: string] } = {
  connected: ['info', 'proxy connected'],
  subscribed: ['debug', 'subscribed'],
  pushed: ['debug', 'pushed'],
  acknowledged: ['debug', 'acknowledged'],
  stale: ['debug', 'answered an older response'],
  refused: ['warn', 'proxy refused the configuration'],
  held: ['warn', 'listeners or routes wait for clusters that the proxy has not acknowledged'],
  unknownType: ['warn', 'proxy asked for a type that is not served'],
  clusterless: ['warn', 'proxy does not ask for clusters'],
  rejected: ['warn', 'a connection or a stream was not taken'],
  throttled: ['debug', 'proxy asks too often; it is read later'],
  stalled: ['warn', 'proxy does not read what it is sent; closing its stream'],
  fault: ['error', 'a fault of Sluice ended the stream; the proxy connects again'],
  closed: ['info', 'proxy disconnected'],
};

/** Logs an event of the xDS server. */
export function logXdsEvent(event: XdsEvent, log: Log): void {
  const [level, message] = lines[event.kind];
  if (!log.isLevelEnabled(level)) return;
  const { kind, ...fields } = event;
  log[level](kind === 'fault' ? { ...fields, err: event.error } : fields, message);
}
