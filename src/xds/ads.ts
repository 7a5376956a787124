// The two methods of ADS: which of their streams are taken, when each is brought up to date, and how they end.
import { randomBytes } from 'node:crypto';
import type { ServerHttp2Stream } from 'node:http2';
import { getHeapStatistics } from 'node:v8';
import { status } from '@grpc/grpc-js';
import type { ProxyNode } from '../model/proxy.ts';
import { Admission } from './admission.ts';
import { CatchUp } from './catch-up.ts';
import type { Protocol } from './requests.ts';
import type { XdsLimits, XdsTimers } from './server-options.ts';
import { type AuthorizeNode, Session } from './session.ts';
import { SharedSteps } from './shared-steps.ts';
import type { SnapshotProvider } from './snapshot.ts';
import { spread } from './spread.ts';
import { grpcStream, refuse } from './transport/grpc-stream.ts';
import type { Caller } from './transport/relay.ts';
import type { XdsEvent } from './xds-event.ts';

export interface AdsOptions {
  readonly provider: SnapshotProvider;
  readonly timers: XdsTimers;
  readonly limits: XdsLimits;
  readonly ready: () => boolean;
  readonly authorizeNode: AuthorizeNode;
  readonly onEvent: (event: XdsEvent) => void;
}

export interface Ads {
  open(stream: ServerHttp2Stream, protocol: Protocol, caller: Caller): void;
  readonly sessions: ReadonlySet<Session>;
  /** Takes no stream any more, and ends those that there are, one after the other. */
  close(): Promise<void>;
}

const service = '/envoy.service.discovery.v3.AggregatedDiscoveryService/';
const protocols: ReadonlyMap<string, Protocol> = new Map([
  [`${service}StreamAggregatedResources`, 'sotw'],
  [`${service}DeltaAggregatedResources`, 'delta'],
]);

/** The protocol of a path; undefined: it is not ADS. */
export function adsProtocol(path: string | undefined): Protocol | undefined {
  return protocols.get(path ?? '');
}

/** How many proxies are made to start anew, each once. */
const mostRestarted = 10_000;

export function createAds(options: AdsOptions): Ads {
  const { timers, onEvent } = options;
  const sessions = new Set<Session>();
  const turns = turnsOf(options);
  const steps = stepsOf(timers);
  const prefix = randomBytes(4).toString('hex');
  const common = { ...options, ...commonOf(options), others: () => sessions };
  let [opened, closing] = [0, false];

  const start = (stream: ServerHttp2Stream, protocol: Protocol, caller: Caller) => {
    const openedAt = performance.now();
    return (leave: () => void): void => {
      if (stream.destroyed) {
        leave();
        return;
      }
      opened += 1;
      const session = new Session({
        ...common,
        call: grpcStream(stream, timers),
        caller,
        protocol,
        steps: steps[protocol],
        noncePrefix: `${prefix}-${opened}-`,
        openedAt,
        onSynced: leave,
        onClosed: () => sessions.delete(session),
      });
      sessions.add(session);
    };
  };

  return {
    sessions,
    open(stream, protocol, caller) {
      const turnedAway = (reason: string): void => {
        refuse(stream, status.UNAVAILABLE, reason);
        const { remoteAddress: address } = caller.connection;
        onEvent({ node: null, protocol, kind: 'rejected', reason, address, detail: null });
      };
      const excuse = closing ? 'the control plane is stopping' : unavailable(options);
      if (excuse !== null) return turnedAway(excuse);
      stream.on('close', turns.enter({ admitted: start(stream, protocol, caller), refused: turnedAway }));
    },
    close() {
      closing = true;
      return endAll(sessions, timers.closeSpread);
    },
  };
}

const stepsOf = (timers: XdsTimers): { readonly [P in Protocol]: SharedSteps } => ({
  sotw: new SharedSteps({ protocol: 'sotw', ...timers }),
  delta: new SharedSteps({ protocol: 'delta', ...timers }),
});

function commonOf({ provider: { catchUp }, timers, limits }: AdsOptions) {
  return {
    rate: { burst: limits.requestBurst, perSecond: limits.requestsPerSecond },
    catchUp: catchUp === undefined ? null : new CatchUp(catchUp, timers.catchUp),
    mayRestart: onceEach(mostRestarted),
  };
}

function turnsOf({ timers, limits: { syncing, waiting } }: AdsOptions): Admission {
  return new Admission({ syncing, waiting, longestWait: timers.admissionWait, longestSync: timers.syncTurn });
}

/** Whether a node is asked about for the first time. */
function onceEach(most: number): (node: ProxyNode) => boolean {
  const known = new Set<string>();
  return ({ id }) => {
    if (known.has(id) || known.size >= most) return false;
    known.add(id);
    return true;
  };
}

/** Why no stream can be taken now; null: it can. */
function unavailable({ ready, limits }: AdsOptions): string | null {
  if (!ready()) return 'the control plane has no configuration yet';
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return used > limit * limits.heapShare ? 'the control plane is short of memory' : null;
}

function endAll(sessions: ReadonlySet<Session>, within: number): Promise<void> {
  return spread([...sessions], within, (session) => session.end(status.UNAVAILABLE, 'the control plane is stopping'));
}
