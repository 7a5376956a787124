// What the debug pages say of every connected proxy; `sluice status` and `sluice config` ask for it.
import type { ControlPlane } from '../../control-plane.ts';
import { redact } from '../../envoy/redact.ts';
import type { ResourceKind } from '../../envoy/types.ts';
import type { JsonObject } from '../../lib/json.ts';
import { byText, sortedBy } from '../../lib/sorted.ts';
import type { ObjectSet } from '../../model/object.ts';
import type { ProxyRefusal } from '../../xds/refusal-diagnostics.ts';
import type { LoadReport, LocalityLoad } from '../../xds/services/load-reports.ts';
import type { ResourceStatus, StreamStatus, SyncState, TypeStatus } from '../../xds/stream-status.ts';
import { type Finding, locateDiagnostics } from '../diagnostics.ts';

/** Where the pages look. */
export interface ProxySources {
  readonly streams: () => readonly StreamStatus[];
  readonly refusals: ControlPlane['refusals'];
  readonly objects: () => ObjectSet;
  readonly loadReports: () => readonly LoadReport[];
}

export interface TypeReport {
  readonly state: SyncState;
  readonly resources: number;
  readonly sent: string | null;
  readonly acknowledged: string | null;
  readonly nonce: string | null;
  /** Envoy's words where it refused the last response. */
  readonly error: string | null;
  readonly refusedAt: string | null;
  readonly held: readonly string[];
}

export interface ProxyReport {
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly role: string;
  readonly ip: string;
  readonly protocol: string;
  readonly connectedSince: string;
  /** Null: the proxy did not ask for the type. */
  readonly types: { readonly [K in ResourceKind]: TypeReport | null };
  /** What it refused, at the YAML behind it. */
  readonly refusals: readonly Finding[];
  /** What it has sent where since its last report but one; null: it reports no load. */
  readonly load: {
    readonly receivedAt: string;
    readonly leftOut: number;
    readonly clusters: readonly LocalityLoad[];
  } | null;
}

/** Of all that the answers list, so many are listed. */
const most = { proxies: 10_000, held: 100, loads: 1_000 } as const;

export interface ProxyList {
  readonly proxies: readonly ProxyReport[];
  /** How many are left out. */
  readonly more: number;
}

/** All connected proxies, by namespace and name. */
export function listProxies(sources: ProxySources): ProxyList {
  const streams = [...sources.streams()].sort(
    ({ node: a }, { node: b }) => byText(a.namespace, b.namespace) || byText(a.name, b.name) || byText(a.id, b.id),
  );
  const loads = new Map(sources.loadReports().map((report) => [report.node.id, report] as const));
  const shown = streams.slice(0, most.proxies);
  return {
    proxies: shown.map((stream) => proxyReport(stream, sources, loads.get(stream.node.id))),
    more: streams.length - shown.length,
  };
}

function proxyReport(stream: StreamStatus, sources: ProxySources, load: LoadReport | undefined): ProxyReport {
  const { node, protocol, connectedAt, types } = stream;
  const { id, name, namespace, role, ip } = node;
  const refusals = sources.refusals(id);
  const type = (kind: ResourceKind): TypeReport | null => {
    const found = types.find((each) => each.kind === kind);
    return found === undefined ? null : typeReport(found, refusals);
  };
  return {
    ...{ id, name, namespace, role, ip, protocol },
    connectedSince: connectedAt.toISOString(),
    types: { cluster: type('cluster'), endpoint: type('endpoint'), listener: type('listener'), route: type('route') },
    refusals: locateDiagnostics(
      refusals.flatMap(({ diagnostics }) => diagnostics),
      sources.objects(),
    ),
    load: load === undefined ? null : loadReport(load),
  };
}

/** A type of which something was refused stays so while it stands, though the last good form was acknowledged since. */
function typeReport(type: TypeStatus, refusals: readonly ProxyRefusal[]): TypeReport {
  const { kind, state, resources, sent, acknowledged, nonce, error, refusedAt, held } = type;
  const own = refusals.filter((refusal) => refusal.kind === kind);
  return {
    state: own.length > 0 ? 'refused' : state,
    ...{ resources, sent, acknowledged, nonce },
    error: error ?? own[0]?.resource?.message ?? null,
    refusedAt: refusedAt?.toISOString() ?? null,
    held: held.slice(0, most.held),
  };
}

function loadReport({ receivedAt, loads, leftOut }: LoadReport): ProxyReport['load'] {
  const clusters = loads.slice(0, most.loads);
  return { receivedAt: receivedAt.toISOString(), leftOut: leftOut + loads.length - clusters.length, clusters };
}

const lists = { cluster: 'clusters', endpoint: 'endpoints', listener: 'listeners', route: 'routes' } as const;

export interface ProxyConfig {
  readonly proxy: { readonly id: string; readonly name: string; readonly namespace: string };
  /** What is not in `config`, for it was refused or not sent yet: what the proxy has of it instead is not known. */
  readonly unknown: readonly { readonly type: string; readonly name: string; readonly state: string }[];
  readonly config: Readonly<Record<string, readonly JsonObject[]>>;
}

/** Which resources are asked for: of these types, with this text in their names. */
export interface ConfigQuery {
  readonly types: readonly ResourceKind[];
  readonly name: string;
}

/**
 * What a proxy was sent and has not refused; null where no such proxy is connected. `who` is its node id or
 * `NAME.NAMESPACE`; of several streams it is the newest.
 */
export function proxyConfig({ streams }: ProxySources, who: string, query: ConfigQuery): ProxyConfig | null {
  const found = streams().filter(({ node }) => node.id === who || `${node.name}.${node.namespace}` === who);
  const stream = found.toSorted((a, b) => b.connectedAt.getTime() - a.connectedAt.getTime())[0];
  if (stream === undefined) return null;
  const { id, name, namespace } = stream.node;
  const all = query.types.flatMap((type) =>
    stream.resources(type).flatMap((each) => (each.name.includes(query.name) ? [{ type, ...each }] : [])),
  );
  const has = ({ state }: ResourceStatus): boolean => state === 'synced' || state === 'sent';
  const config = (kind: ResourceKind): readonly JsonObject[] =>
    sortedBy(
      all.filter((each) => each.type === kind && has(each)),
      (each) => each.name,
    ).flatMap(({ resource }) => (resource === null ? [] : [redact(resource.json)]));
  return {
    proxy: { id, name, namespace },
    unknown: all
      .filter((each) => !has(each) && each.state !== 'absent')
      .map(({ type, name, state }) => ({ type, name, state })),
    config: Object.fromEntries(Object.entries(lists).map(([kind, list]) => [list, config(kind as ResourceKind)])),
  };
}
