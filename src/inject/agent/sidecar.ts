// The agent: starts Envoy beside a workload, answers for both, and ends Envoy so that no request is lost.
import type { Milliseconds } from '../../model/lb-policy.ts';
import { type EnvoyOptions, EnvoyProcess } from '../launcher.ts';
import type { AppProbe } from '../pod/probes.ts';
import { poll } from '../poll.ts';
import type { Workload } from './ask-workload.ts';
import { type StatusPorts, startStatusServer } from './status-server.ts';

export interface SidecarOptions {
  readonly envoy: EnvoyOptions;
  readonly ports: StatusPorts;
  readonly probes: readonly AppProbe[];
  readonly workload: Workload;
  /** How long it serves on after it was asked to end, at least. */
  readonly terminationDrain: Milliseconds;
  /** Whether it serves on until nobody is connected. */
  readonly untilNoConnections: boolean;
  /** Says where it is. */
  readonly onListening: (ports: StatusPorts) => void;
}

/** The longest that connections are waited for; a kubelet ends a pod long before. */
const longestDrain = 24 * 3_600_000;

/**
 * Runs until Envoy ends, and resolves with Envoy's exit status; it is not started anew, since that is the kubelet's. The
 * first abort of `stop` drains and then ends it, with status 0; `kill` ends it at once.
 */
export async function runSidecar(options: SidecarOptions, stop: AbortSignal, kill: AbortSignal): Promise<number> {
  const envoy = await EnvoyProcess.start(options.envoy);
  const { admin } = envoy;
  const ready = async (): Promise<boolean> => !stop.aborted && (await admin.ready().catch(() => false));
  const { probes, workload } = options;
  const status = await startStatusServer(options.ports, { ready, probes, workload, admin }).catch(async (error) => {
    await envoy.stop();
    throw error;
  });
  try {
    options.onListening(status.ports);
    const ended = envoy.ended.then((end) => end.status);
    const first = await Promise.race([ended, aborted(stop), aborted(kill)]);
    if (typeof first === 'number') return first;
    const early = await Promise.race([ended, drain(envoy, options), aborted(kill)]);
    await envoy.stop();
    return typeof early === 'number' ? early : 0;
  } finally {
    await status.close();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Envoy goes on taking connections, and asks those that it has to go. */
async function drain({ admin }: EnvoyProcess, { terminationDrain, untilNoConnections }: SidecarOptions): Promise<void> {
  await admin.page('/drain_listeners?inboundonly&graceful&skip_exit', 'POST').catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, terminationDrain));
  if (!untilNoConnections) return;
  const look = async (): Promise<true | undefined> => {
    const stats = await admin.stats('^listener\\..*\\.downstream_cx_active$').catch(() => new Map<string, number>());
    return [...stats].every(([name, count]) => isOwn(name) || count === 0) || undefined;
  };
  await poll(look, { within: longestDrain, every: 500, what: 'the last connection to end' });
}

/** Statistics of what is no connection of the workload's, or that count one a second time. */
const isOwn = (name: string): boolean =>
  name.startsWith('listener.admin.') || /\.(worker_\d+|main_thread)\./.test(name);
