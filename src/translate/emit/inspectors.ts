// What looks into a connection's first bytes before a filter chain is chosen: envoy.config.listener.v3.ListenerFilter.
import type { JsonObject } from '../../lib/json.ts';
import type { Inspection } from './inbound-chains.ts';

/** Finds out from the first bytes whether a connection speaks HTTP. */
export const httpInspector: JsonObject = {
  name: 'envoy.filters.listener.http_inspector',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.listener.http_inspector.v3.HttpInspector' },
};

/** Finds out whether a connection speaks TLS, which server its client asks for, and which protocols it offers. */
export const tlsInspector: JsonObject = {
  name: 'envoy.filters.listener.tls_inspector',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector' },
};

/** Whether a connection goes to one of these ports; null: there are none. */
function isOneOf(ports: readonly number[]): JsonObject | null {
  const [first, ...others] = ports.map((port) => ({ destination_port_range: { start: port, end: port + 1 } }));
  if (first === undefined) return null;
  return others.length === 0 ? first : { or_match: { rules: [first, ...others] } };
}

interface InspectedPort extends Inspection {
  readonly port: number;
}

/** On ports where nothing has to be found out an inspector is switched off: there the server may speak first. */
function where(inspector: JsonObject, what: keyof Inspection, ports: readonly InspectedPort[], others: Inspection) {
  const numbers = (wanted: boolean): JsonObject | null =>
    isOneOf(ports.filter((each) => each[what] === wanted).map(({ port }) => port));
  if (others[what]) {
    const off = numbers(false);
    return [{ ...inspector, ...(off !== null && { filter_disabled: off }) }];
  }
  const on = numbers(true);
  return on === null ? [] : [{ ...inspector, filter_disabled: { not_match: on } }];
}

/** The inspectors of a listener for these ports and all others. */
export function inspectors(ports: readonly InspectedPort[], others: Inspection): readonly JsonObject[] {
  return [...where(tlsInspector, 'tls', ports, others), ...where(httpInspector, 'http', ports, others)];
}
