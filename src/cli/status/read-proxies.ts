// What `/debug/proxies` answers, read field by field: whoever answered may be anyone.
import { isObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import { diagnosticCodes } from '../../model/diagnostic-codes.ts';
import type { SyncState } from '../../xds/stream-status.ts';
import type { Finding } from '../diagnostics.ts';
import type { ProxyList, ProxyReport, TypeReport } from '../serve/proxies.ts';
import { listAt, textAt, valueAt } from '../translate/envoy-json.ts';

/** The list of proxies; what is missing or of another type reads as empty. */
export function readProxies(json: JsonValue): ProxyList {
  return { proxies: listAt(json, 'proxies').map(readProxy), more: numberAt(json, 'more') };
}

function readProxy(json: JsonObject): ProxyReport {
  const text = (field: string): string => textAt(json, field);
  const load = valueAt(json, 'load');
  const type = (kind: string): TypeReport | null => readType(valueAt(json, 'types', kind));
  return {
    id: text('id'),
    name: text('name'),
    namespace: text('namespace'),
    role: text('role'),
    ip: text('ip'),
    protocol: text('protocol'),
    connectedSince: text('connectedSince'),
    types: { cluster: type('cluster'), endpoint: type('endpoint'), listener: type('listener'), route: type('route') },
    refusals: listAt(json, 'refusals').map(readFinding),
    load: isObject(load) ? readLoad(load) : null,
  };
}

const states: readonly SyncState[] = ['synced', 'stale', 'refused', 'held', 'not sent'];

function readType(json: JsonValue | undefined): TypeReport | null {
  if (!isObject(json)) return null;
  return {
    state: states.find((state) => state === json['state']) ?? 'stale',
    resources: numberAt(json, 'resources'),
    sent: textOrNull(json, 'sent'),
    acknowledged: textOrNull(json, 'acknowledged'),
    nonce: textOrNull(json, 'nonce'),
    error: textOrNull(json, 'error'),
    refusedAt: textOrNull(json, 'refusedAt'),
    held: textsOf(json['held']),
  };
}

function readFinding(json: JsonObject): Finding {
  const severity = (['error', 'warning', 'info'] as const).find((word) => word === json['severity']) ?? 'error';
  const object = isObject(json['object']) ? json['object'] : null;
  const line = numberAt(json, 'line');
  return {
    code: textAt(json, 'code') || 'SLC0501',
    severity,
    message: textAt(json, 'message'),
    fix: textAt(json, 'fix'),
    object: object && {
      kind: textAt(object, 'kind'),
      namespace: textAt(object, 'namespace'),
      name: textAt(object, 'name'),
    },
    path: textAt(json, 'path'),
    file: textOrNull(json, 'file'),
    line: line === 0 ? null : line,
    column: line === 0 ? null : numberAt(json, 'column'),
  };
}

function readLoad(json: JsonObject): ProxyReport['load'] {
  const clusters = listAt(json, 'clusters').map((each) => ({
    cluster: textAt(each, 'cluster'),
    locality: textAt(each, 'locality'),
    issued: numberAt(each, 'issued'),
    inProgress: numberAt(each, 'inProgress'),
    errors: numberAt(each, 'errors'),
    dropped: numberAt(each, 'dropped'),
  }));
  return { receivedAt: textAt(json, 'receivedAt'), leftOut: numberAt(json, 'leftOut'), clusters };
}

/** What a proxy refused: as diagnostics or, where there are none for it, in Envoy's words. */
export function refusalsOf({ id, types, refusals }: ProxyReport): readonly Finding[] {
  if (refusals.length > 0) return refusals;
  const { fix, severity } = diagnosticCodes.SLC0501;
  return Object.values(types).flatMap((type) => {
    if (type?.state !== 'refused') return [];
    const message = `${id} refused it: ${type.error ?? ''}`.slice(0, 500).trimEnd();
    return [{ code: 'SLC0501', severity, message, fix, object: null, path: '', file: null, line: null, column: null }];
  });
}

function numberAt(json: JsonValue, field: string): number {
  const value = valueAt(json, field);
  return typeof value === 'number' ? value : 0;
}

function textOrNull(json: JsonObject, field: string): string | null {
  const value = json[field];
  return typeof value === 'string' ? value : null;
}

function textsOf(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
