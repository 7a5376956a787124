// What goes with a route besides its action: headers, faults, cross-origin rules.
import type { JsonObject } from '../../lib/json.ts';
import type { Cors, Fault, HeaderChanges, HeaderRules, HttpRoute } from '../../model/route.ts';
import { protoDuration } from './duration.ts';
import { stringMatch } from './route-match.ts';

/** envoy.type.v3.FractionalPercent. */
export function fraction(percent: number): JsonObject {
  return { numerator: Math.round(percent * 10_000), denominator: 'MILLION' };
}

function headersToAdd({ set, add }: HeaderChanges): JsonObject[] {
  const option = (append_action: string) => (header: HeaderChanges['set'][number]) => ({
    header: { key: header.name, value: header.value },
    append_action,
  });
  return [...set.map(option('OVERWRITE_IF_EXISTS_OR_ADD')), ...add.map(option('APPEND_IF_EXISTS_OR_ADD'))];
}

/** The fields of a Route or of a weighted cluster, from all rules that apply to it. */
export function emitHeaders(rules: readonly (HeaderRules | null)[]): JsonObject {
  const present = rules.filter((each) => each !== null);
  const fields: readonly (readonly [string, readonly (JsonObject | string)[]])[] = [
    ['request_headers_to_add', present.flatMap(({ request }) => headersToAdd(request))],
    ['request_headers_to_remove', present.flatMap(({ request }) => request.remove)],
    ['response_headers_to_add', present.flatMap(({ response }) => headersToAdd(response))],
    ['response_headers_to_remove', present.flatMap(({ response }) => response.remove)],
  ];
  return Object.fromEntries(fields.filter(([, items]) => items.length > 0));
}

function emitFault({ delay, abort }: Fault): JsonObject {
  return {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
    ...(delay !== null && {
      delay: { fixed_delay: protoDuration(delay.fixed), percentage: fraction(delay.percent) },
    }),
    ...(abort !== null && {
      abort: {
        [abort.kind === 'http' ? 'http_status' : 'grpc_status']: abort.status,
        percentage: fraction(abort.percent),
      },
    }),
  };
}

function emitCors(cors: Cors): JsonObject {
  const lists = [
    ['allow_methods', cors.methods.join(',')],
    ['allow_headers', cors.allowHeaders.join(',')],
    ['expose_headers', cors.exposeHeaders.join(',')],
  ] as const;
  return {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy',
    allow_origin_string_match: cors.origins.map(stringMatch),
    ...Object.fromEntries(lists.filter(([, text]) => text !== '')),
    ...(cors.maxAge !== null && { max_age: String(cors.maxAge / 1000) }),
    ...(cors.credentials !== null && { allow_credentials: cors.credentials }),
    filter_enabled: { default_value: { numerator: 100 } },
    forward_not_matching_preflights: cors.forwardUnmatched,
  };
}

/** What the HTTP filters find at the route. */
export function emitFilterConfig({ cors, fault }: HttpRoute): JsonObject {
  if (cors === null && fault === null) return {};
  return {
    typed_per_filter_config: {
      ...(cors !== null && { 'envoy.filters.http.cors': emitCors(cors) }),
      ...(fault !== null && { 'envoy.filters.http.fault': emitFault(fault) }),
    },
  };
}
