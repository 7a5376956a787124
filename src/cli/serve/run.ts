// The control plane as a process: its parts are built here, run until a signal ends them, and end in order.
import { setLogger } from '@grpc/grpc-js';
import { ControlPlane } from '../../control-plane.ts';
import type { KubeApi } from '../../kube/api.ts';
import { filesSource } from '../../sources/files.ts';
import type { Source } from '../../sources/source.ts';
import { defaultWipeGuard } from '../../sources/wipe-guard.ts';
import type { XdsEvent } from '../../xds/xds-event.ts';
import { type Address, formatAddress } from './address.ts';
import { debugPages } from './debug.ts';
import { faultLog } from './fault-log.ts';
import { startHttpServer } from './http.ts';
import type { KubeOptions } from './kube-options.ts';
import { createLog, type Log } from './log.ts';
import type { LogFormat, LogLevel } from './log-options.ts';
import { createMetrics, type Metrics } from './metrics/metrics.ts';
import { opening } from './opening.ts';
import { logPublications } from './publications.ts';
import { createReadiness } from './readiness.ts';
import { rehearse } from './rehearsal/rehearsal.ts';
import { createServices, type Services } from './services.ts';
import type { Tls, TlsParts } from './tls.ts';
import type { TlsOptions } from './tls-options.ts';
import { warmUp } from './warm-up.ts';
import type { WebhookOptions } from './webhook-options.ts';
import { startXds } from './xds.ts';
import { xdsEventLog } from './xds-log.ts';

export interface ServeOptions {
  /** Folders and files of YAML; none: there is only the API. */
  readonly paths: readonly string[];
  /** Null: no Kubernetes API. */
  readonly kube: KubeOptions | null;
  /** Null: nowhere in plain text. */
  readonly xdsAddress: Address | null;
  /** Null: no TLS. */
  readonly tls: TlsOptions | null;
  readonly httpAddress: Address;
  /** Null: no admission webhooks. */
  readonly webhook: WebhookOptions | null;
  readonly allowLoopbackEndpoints: boolean;
  /** Let most of the objects vanish at once. */
  readonly allowWipe: boolean;
  /** How often proxies that report load do so, in milliseconds. */
  readonly loadReportInterval: number;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

/** How long a start is rehearsed, in milliseconds. */
const rehearsalTime = 400;

/** How long the end of the process waits for what then still hangs, such as a reader of the log, in milliseconds. */
const exitGrace = 1000;

/** Runs until a signal asks it to end. Throws UsageError where it cannot start. */
export async function runControlPlane(options: ServeOptions): Promise<void> {
  const log = createLog({ level: options.logLevel, format: options.logFormat });
  const parts: Part[] = [];
  const metrics = createMetrics();
  surviveFaults(log, metrics);
  logGrpc(log);
  try {
    const stopped = stopSignal(log);
    // An API that does not answer is waited for, but not longer than until a signal ends it.
    await Promise.race([startParts(options, { log, metrics, parts }), stopped]);
    await stopped;
  } finally {
    for (const part of parts.reverse()) await part.close();
    setTimeout(() => process.exit(), exitGrace).unref();
  }
}

interface Part {
  close(): Promise<void>;
}

interface Started {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly parts: Part[];
}

/** Starts all parts and adds each to `parts` once it has to be closed, the last one first. Proxies that come early try again. */
async function startParts(options: ServeOptions, { log, metrics, parts }: Started): Promise<void> {
  const { xdsAddress, httpAddress } = options;
  // The client of an API is loaded only where there is one.
  const api = options.kube === null ? null : (await import('./kube.ts')).reachKube(options.kube);
  const controlPlane = await createControlPlane(options, api, log, metrics);
  logPublications(controlPlane, log);
  metrics.follow(controlPlane);
  const refusals: ControlPlane['refusals'] = (nodeId) => controlPlane.refusals(nodeId);
  const onFault = (error: unknown): void => log.error({ err: error }, 'a fault of Sluice ended a call');
  const tls = await openTls(
    options.tls,
    { log, api, metrics: metrics.certificates, trustDomains: () => controlPlane.trustDomains },
    parts,
  );
  const issue = tls?.desk ?? undefined;
  const load = { interval: options.loadReportInterval };
  const services = createServices({ refusals, onFault, load, ...(issue !== undefined && { issue }) });
  const { allowWipe } = options;
  const readiness = createReadiness({ controlPlane, allowWipe, log, onChange: (ready) => services.setServing(ready) });
  const { ready } = readiness;
  const pages = (address: Address) =>
    debugPages(address, { ...services, refusals, objects: () => controlPlane.objects });
  const content = { ready, metrics, pages };
  const http = await opening([['--http-address', httpAddress]], () => startHttpServer(httpAddress, content));
  parts.push(http);
  const webhook = await openWebhook(options.webhook, tls, { controlPlane, metrics, log, parts });
  const onEvent = both(xdsEventLog(log), (event) => metrics.onXdsEvent(event));
  const xds = await startXds(xdsAddress, tls, { controlPlane, services: services.serve, ready, onEvent });
  parts.push(controlPlane, xds);
  parts.push({
    close: async () => {
      readiness.stop();
      await services.close();
    },
  });
  await controlPlane.start();
  warmUp(controlPlane);
  await rehearse(rehearsalTime).catch((error: unknown) => log.debug({ err: error }, 'the rehearsal failed'));
  // What the start leaves behind would otherwise lie there while the first proxies come.
  globalThis.gc?.();
  readiness.start();
  await startWriting(options.kube, { api, controlPlane, services, tls, log, parts });
  process.stderr.write(`listening ${xds.where} http=${formatAddress(http)}${webhook}\n`);
}

interface Writing {
  readonly api: KubeApi | null;
  readonly controlPlane: ControlPlane;
  readonly services: Services;
  readonly tls: Tls | null;
}

async function createControlPlane(
  options: ServeOptions,
  api: KubeApi | null,
  log: Log,
  metrics: Metrics,
): Promise<ControlPlane> {
  const { allowLoopbackEndpoints, allowWipe } = options;
  const report = faultLog(log);
  return new ControlPlane({
    sources: await sourcesOf(options, api, log, metrics),
    allowLoopbackEndpoints,
    ...(allowWipe ? {} : { wipeGuard: defaultWipeGuard }),
    onFault: (error, object) => {
      metrics.onFault();
      report(error, object);
    },
  });
}

async function sourcesOf(
  { paths }: ServeOptions,
  api: KubeApi | null,
  log: Log,
  metrics: Metrics,
): Promise<readonly Source[]> {
  const files = paths.length === 0 ? [] : [filesSource({ paths })];
  if (api === null) return files;
  return [...files, (await import('./kube.ts')).kubeSource(api, log, metrics.kube)];
}

function both(...handlers: readonly ((event: XdsEvent) => void)[]): (event: XdsEvent) => void {
  return (event) => {
    for (const handle of handlers) handle(event);
  };
}

/** What is for TLS is loaded only where there is some. */
async function openTls(options: TlsOptions | null, given: TlsParts, parts: Part[]): Promise<Tls | null> {
  if (options === null) return null;
  const tls = await (await import('./tls.ts')).openTls(options, given);
  parts.push(tls);
  return tls;
}

/** What is written back to the API; nothing where that was not asked for. */
async function startWriting(
  kube: KubeOptions | null,
  { api, controlPlane, services, tls, log, parts }: Omit<Started, 'metrics'> & Writing,
): Promise<void> {
  if (api === null || kube === null || kube.lease === null) return;
  const { startLeaderWork } = await import('./leader-work.ts');
  const { streams } = services;
  parts.push(
    startLeaderWork({ api, lease: kube.lease, controlPlane, streams, authority: tls?.authority ?? null, log }),
  );
}

/** Where the webhooks are, as the line says it; they are loaded only where they are wanted. */
async function openWebhook(
  options: WebhookOptions | null,
  tls: Tls | null,
  { controlPlane, metrics, log, parts }: Started & { readonly controlPlane: ControlPlane },
): Promise<string> {
  if (options === null || tls === null) return '';
  const { openWebhooks } = await import('./webhook.ts');
  const { material } = tls;
  const server = await openWebhooks(options, { material, controlPlane, metrics: metrics.injection, log });
  parts.push(server);
  return ` webhook=${formatAddress(server)}`;
}

/** gRPC's own messages, which would go to standard error as they are: the errors among them are reported elsewhere too. */
function logGrpc(log: Log): void {
  const write = (...words: readonly unknown[]): void => log.debug({ grpc: words.map(String).join(' ') }, 'gRPC');
  setLogger({ error: write, info: write, debug: write });
}

/** Resolves at the first SIGTERM or SIGINT; the second one ends the process at once. */
function stopSignal(log: Log): Promise<void> {
  const numbers = { SIGINT: 2, SIGTERM: 15 } as const;
  return new Promise((resolve) => {
    let asked = false;
    const stop = (signal: keyof typeof numbers): void => {
      log.info({ signal }, asked ? 'ending at once' : 'stopping');
      if (asked) process.exit(128 + numbers[signal]);
      asked = true;
      resolve();
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}

/**
 * A fault that nobody caught is logged, and the process goes on: proxies need it, and what it serves are immutable
 * snapshots that a fault leaves whole. Only where Node says that it is broken itself there is nothing to go on with.
 */
function surviveFaults(log: Log, metrics: Metrics): void {
  process.on('uncaughtException', (error: NodeJS.ErrnoException, origin) => {
    metrics.onFault();
    const broken = error.code === 'ERR_INTERNAL_ASSERTION';
    log.error({ err: error, origin }, broken ? 'Node failed; ending' : 'a fault of Sluice, please report it; going on');
    if (broken) process.exit(2);
  });
}
