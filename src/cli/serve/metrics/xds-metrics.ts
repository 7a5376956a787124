// The metrics of the streams. Those that begin with pilot_ have the names, labels and buckets that dashboards of Istio's
// control plane read; their seconds are seconds.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type ResourceKind, resourceKinds } from '../../../envoy/types.ts';
import type { XdsEvent } from '../../../xds/xds-event.ts';

/** How dashboards call the types. */
const types = { cluster: 'cds', endpoint: 'eds', listener: 'lds', route: 'rds' } as const satisfies {
  readonly [K in ResourceKind]: string;
};
const typeNames = Object.values(types);

/** What reasons begin with, and the label for them; all else is `other`. */
type Reasons = readonly (readonly [start: string, label: string])[];

const closeReasons: Reasons = [
  ['closed by the client', 'client'],
  ['cancelled by the client', 'client'],
  ['connection closed', 'connection'],
  ['the control plane is stopping', 'stopping'],
  ['internal error', 'fault'],
  ['nothing was read for too long', 'stalled'],
  ['no request came', 'silent'],
  ['the stream has reached its age', 'age'],
  ['the stream names more than', 'too_many_names'],
  ['a request did not become whole', 'silent'],
  ['a request came in too small pieces', 'invalid'],
  ['the client certificate', 'unauthenticated'],
  ['other certificates are trusted', 'certificates'],
  ['the first request', 'invalid'],
  ['the node differs', 'invalid'],
  ['node.', 'invalid'],
  ['the request', 'invalid'],
];

const rejectReasons: Reasons = [
  ['too many proxies', 'busy'],
  ['too many connections', 'connections'],
  ['too many streams', 'streams'],
  ['unauthenticated', 'unauthenticated'],
  ['denied', 'denied'],
  ['broken HTTP/2', 'http2'],
  ['failed TLS handshake', 'handshake'],
  ['no gRPC call', 'not_grpc'],
  ['no stream was opened', 'idle'],
  ['the control plane is stopping', 'stopping'],
  ['the control plane has no configuration', 'starting'],
  ['the control plane is short of memory', 'memory'],
];

const labelOf = (reasons: Reasons, reason: string): string =>
  reasons.find(([start]) => reason.startsWith(start))?.[1] ?? 'other';

/** Takes one event of the xDS server in. */
export function xdsMetrics(registers: Registry[], faults: Pick<Counter, 'inc'>): (event: XdsEvent) => void {
  const pushes = pushMetrics(registers);
  const answers = answerMetrics(registers);
  const streams = streamMetrics(registers);
  const held = typed(registers, 'sluice_held_total', 'Listeners or virtual hosts that waited too long for clusters.');
  const after = new Histogram({
    name: 'pilot_proxy_convergence_time',
    help: 'Seconds from a change until a connected proxy has acknowledged all that it brings.',
    buckets: [0.01, 0.1, 0.5, 1, 3, 5, 10, 20, 30],
    registers,
  });
  const clusterless = new Counter({
    name: 'sluice_clusterless_streams_total',
    help: 'Streams on which a proxy asked for other types and never for clusters.',
    registers,
  });
  const counted: { readonly [K in XdsEvent['kind']]: (event: XdsEvent & { readonly kind: K }) => void } = {
    connected: streams.connected,
    closed: streams.closed,
    subscribed: () => {},
    pushed: pushes,
    converged: (event) => after.observe(event.after / 1000),
    acknowledged: answers.acknowledged,
    refused: answers.refused,
    stale: answers.stale,
    held: ({ type, count }) => held(type, count),
    clusterless: () => clusterless.inc(),
    unknownType: streams.unknownType,
    ...defenceMetrics(registers),
    fault: () => faults.inc(),
  };
  return <K extends XdsEvent['kind']>(event: XdsEvent & { readonly kind: K }) => counted[event.kind as K](event);
}

/** A counter by type of resource that begins at zero for each. What is counted often is labelled when somebody looks. */
function typed(registers: Registry[], name: string, help: string): (type: ResourceKind, count?: number) => void {
  const counts: Record<ResourceKind, number> = { cluster: 0, endpoint: 0, listener: 0, route: 0 };
  const collect = function (this: Counter<'type'>): void {
    this.reset();
    for (const kind of resourceKinds) this.inc({ type: types[kind] }, counts[kind]);
  };
  new Counter({ name, help, labelNames: ['type'], registers, collect });
  return (type, count = 1) => {
    counts[type] += count;
  };
}

function pushMetrics(registers: Registry[]) {
  const labelNames = ['type'] as const;
  const pushes = typed(registers, 'pilot_xds_pushes', 'Responses sent.');
  const time = new Histogram({
    name: 'pilot_xds_push_time',
    help: 'Seconds from the event that asked for a response until the transport had it.',
    buckets: [0.001, 0.01, 0.1, 1, 3, 5, 10, 20, 30],
    labelNames,
    registers,
  });
  const size = new Histogram({
    name: 'pilot_xds_config_size_bytes',
    help: 'Sizes of responses.',
    buckets: [1, 10_000, 1_000_000, 4_000_000, 10_000_000, 40_000_000],
    labelNames,
    registers,
  });
  return ({ type, took, bytes }: XdsEvent & { readonly kind: 'pushed' }): void => {
    if (type === null) return;
    const labels = { type: types[type] };
    pushes(type);
    time.observe(labels, took / 1000);
    size.observe(labels, bytes);
  };
}

function answerMetrics(registers: Registry[]) {
  const acknowledged = typed(registers, 'sluice_xds_acks_total', 'Responses that proxies acknowledged.');
  const rejects = typed(registers, 'pilot_total_xds_rejects', 'Responses that proxies refused.');
  const stale = typed(registers, 'pilot_xds_expired_nonce', 'Answers to a response that was not the last one.');
  const byType = typeNames.map((type) => {
    const help = `Responses of type ${type} that proxies refused; pilot_total_xds_rejects is the newer name.`;
    return [type, new Gauge({ name: `pilot_xds_${type}_reject`, help, registers })] as const;
  });
  const gauges = new Map<string, Gauge>(byType);
  return {
    acknowledged: ({ type }: { readonly type: ResourceKind }) => acknowledged(type),
    refused: ({ type }: { readonly type: ResourceKind }) => {
      rejects(type);
      gauges.get(types[type])?.inc();
    },
    stale: ({ type }: { readonly type: ResourceKind }) => stale(type),
  };
}

function streamMetrics(registers: Registry[]) {
  const connected = new Gauge({ name: 'pilot_xds', help: 'Proxies that are connected.', registers });
  const opened = new Counter({
    name: 'sluice_streams_opened_total',
    help: 'Streams whose proxy has said who it is.',
    labelNames: ['protocol'],
    registers,
  });
  for (const protocol of ['sotw', 'delta']) opened.inc({ protocol }, 0);
  const closed = new Counter({
    name: 'sluice_streams_closed_total',
    help: 'Streams that ended, and why.',
    labelNames: ['reason'],
    registers,
  });
  for (const [, reason] of closeReasons) closed.inc({ reason }, 0);
  const unknown = new Counter({
    name: 'sluice_unknown_type_requests_total',
    help: 'Requests for types that are not served.',
    registers,
  });
  return {
    connected: ({ protocol }: XdsEvent) => {
      connected.inc();
      if (protocol !== null) opened.inc({ protocol });
    },
    closed: ({ node, reason }: XdsEvent & { readonly kind: 'closed' }) => {
      // Who never said who it is was not counted as connected.
      if (node !== null) connected.dec();
      closed.inc({ reason: labelOf(closeReasons, reason) });
    },
    unknownType: () => unknown.inc(),
  };
}

/** What the server keeps away from itself. */
function defenceMetrics(registers: Registry[]) {
  const rejected = new Counter({
    name: 'sluice_streams_rejected_total',
    help: 'Connections and streams that were not taken or are no longer, and why.',
    labelNames: ['reason'],
    registers,
  });
  for (const [, reason] of rejectReasons) rejected.inc({ reason }, 0);
  const throttled = new Counter({
    name: 'sluice_streams_throttled_total',
    help: 'How often a client that asked too often was read later.',
    registers,
  });
  const stalled = new Counter({
    name: 'pilot_xds_write_timeout',
    help: 'Streams that were closed because the client took nothing of what it was sent.',
    registers,
  });
  return {
    rejected: ({ reason }: { readonly reason: string }) => rejected.inc({ reason: labelOf(rejectReasons, reason) }),
    throttled: () => throttled.inc(),
    stalled: () => stalled.inc(),
  };
}
