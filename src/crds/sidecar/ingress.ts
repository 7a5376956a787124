// IstioIngressListener of a Sidecar (networking.istio.io): a port on which workloads are called, and where it leads.
import type { IngressListener, PortTls, WorkloadTarget } from '../../model/scope.ts';
import { serverTls } from '../gateway/server-tls.ts';
import { type Decoder, inside, object, portRange, report, type Spot, string } from '../values/decode.ts';
import { bind, captureMode, isOwnPort, listenerPort, workloadPool } from './listener.ts';

const unixPrefix = 'unix://';
/** The longest path that Linux takes. */
const longestPath = 107;
const anyAddress: ReadonlySet<string> = new Set(['0.0.0.0', '[::]']);
const loopback: Readonly<Record<string, string>> = { '127.0.0.1': '127.0.0.1', '[::1]': '::1' };

function socketAt(path: string, spot: Spot): WorkloadTarget | undefined {
  const fits = path.length > 1 && path.length <= longestPath && (path.startsWith('/') || path.startsWith('@'));
  return fits && [...path].every((each) => each > ' ' && each !== '\x7f')
    ? { kind: 'unix', path }
    : report(
        spot,
        'SLC0105',
        `after ${unixPrefix} comes a full path, or @ and a name, of at most ${longestPath} characters`,
      );
}

function portIn(text: string): number | null {
  const digits = text.length > 0 && text.length < 6 && [...text].every((each) => each >= '0' && each <= '9');
  const port = Number(text);
  return digits && port >= portRange.min && port <= portRange.max ? port : null;
}

/** `127.0.0.1:PORT`, `[::1]:PORT`, `0.0.0.0:PORT` or `[::]:PORT` for the address that was called, or `unix://PATH`. */
const defaultEndpoint: Decoder<WorkloadTarget> = (value, spot) => {
  const text = string(value, spot);
  if (text === undefined) return undefined;
  if (text.startsWith(unixPrefix)) return socketAt(text.slice(unixPrefix.length), spot);
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, Math.max(colon, 0));
  const port = portIn(text.slice(colon + 1));
  if (port !== null && anyAddress.has(host)) return { kind: 'called', port };
  const address = Object.hasOwn(loopback, host) ? loopback[host] : undefined;
  if (port !== null && address !== undefined) return { kind: 'address', address, port };
  const forms = '127.0.0.1:PORT, 0.0.0.0:PORT, [::1]:PORT, [::]:PORT, unix:///PATH';
  return report(spot, 'SLC0105', `${JSON.stringify(text.slice(0, 80))} is none of ${forms}`);
};

/** Whoever asks for TLS must not get plain text. */
const tls: Decoder<PortTls> = (value, spot) => {
  const decoded = serverTls(value, spot);
  if (decoded === undefined) return undefined;
  if (decoded.httpsRedirect) report(inside(spot, 'httpsRedirect'), 'SLC0110', 'a port of TLS has nothing to redirect');
  const { settings } = decoded;
  if (settings.kind === 'terminate') return settings;
  if (settings.kind === 'refused') return { kind: 'refused', origin: spot.origin };
  report(inside(spot, 'mode'), 'SLC0105', 'a port of a workload has SIMPLE, MUTUAL or OPTIONAL_MUTUAL');
  report(spot, 'SLC0241', 'these TLS settings cannot be used, so connections that they are for are closed');
  return { kind: 'refused', origin: spot.origin };
};

const fields = object(
  { port: listenerPort, bind, captureMode, defaultEndpoint, tls, connectionPool: workloadPool },
  { required: ['port'] },
);

/** A port that leads to a place which cannot be understood leads nowhere else: it is left out. */
export const ingressListener: Decoder<IngressListener> = (value, spot) => {
  const decoded = fields(value, spot);
  if (decoded?.port === undefined) return undefined;
  const {
    port,
    bind: address,
    captureMode: capture = 'as-proxy',
    defaultEndpoint: target,
    tls: secured = null,
  } = decoded;
  if ('defaultEndpoint' in decoded && target === undefined) return undefined;
  if ('bind' in decoded && address === undefined) return undefined;
  if (capture === 'bound' && isOwnPort(port.number, spot)) return undefined;
  return {
    port: port.number,
    protocol: port.https && secured?.kind === 'terminate' ? 'http' : port.protocol,
    bind: address ?? null,
    capture,
    target: target ?? { kind: 'called', port: port.number },
    pool: decoded.connectionPool ?? null,
    tls: secured,
    origin: spot.origin,
  };
};

/** Each port once. */
export function uniqueIngress(
  listeners: readonly IngressListener[],
  { diagnostics }: Spot,
): readonly IngressListener[] {
  const byPort = new Map<number, IngressListener>();
  for (const each of listeners) {
    if (byPort.has(each.port)) {
      const spot = { origin: each.origin, diagnostics };
      report(
        inside(spot, 'port'),
        'SLC0107',
        `there is a listener for port ${each.port} already; the first one is used`,
      );
    } else byPort.set(each.port, each);
  }
  return [...byPort.values()];
}
