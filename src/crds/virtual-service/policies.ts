// Retries, fault and corsPolicy of a VirtualService (networking.istio.io).
import type { Milliseconds } from '../../model/lb-policy.ts';
import type { Cors, Fault, Retries, TextMatch } from '../../model/route.ts';
import {
  boolean,
  type Decoder,
  inside,
  integer,
  later,
  list,
  nonEmptyString,
  number,
  object,
  oneOf,
  report,
  type Spot,
  string,
} from '../values/decode.ts';
import { duration } from '../values/duration.ts';
import { headerText, token } from '../values/http-text.ts';
import { textMatch } from './match.ts';

/** Envoy's words for what may be tried again: x-envoy-retry-on and x-envoy-retry-grpc-on. */
const conditions: ReadonlySet<string> = new Set([
  ...['5xx', 'gateway-error', 'reset', 'reset-before-request', 'connect-failure', 'envoy-ratelimited'],
  ...['retriable-4xx', 'refused-stream', 'retriable-status-codes', 'retriable-headers', 'http3-post-connect-failure'],
  ...['cancelled', 'deadline-exceeded', 'internal', 'resource-exhausted', 'unavailable'],
]);

const isStatus = (word: string): boolean =>
  word.length === 3 && [...word].every((digit) => digit >= '0' && digit <= '9') && word >= '100' && word < '600';

/** Words and status codes, joined by commas. */
const retryOn: Decoder<readonly string[]> = (value, spot) => {
  const text = string(value, spot);
  const words = (text ?? '').split(',').map((word) => word.trim());
  const unknown = words.filter((word) => word !== '' && !conditions.has(word) && !isStatus(word));
  for (const word of unknown) {
    report(
      spot,
      'SLC0103',
      `"${word.slice(0, 100)}" is neither a status code nor one of ${[...conditions].join(', ')}`,
    );
  }
  const known = words.filter((word) => word !== '' && !unknown.includes(word));
  return known.length === 0 ? undefined : known;
};

const retryFields = object({
  attempts: integer({ min: 0, max: 2147483647 }),
  perTryTimeout: duration({ min: 1 }),
  retryOn,
  backoff: duration({ min: 1 }),
  retryRemoteLocalities: boolean,
  retryIgnorePreviousHosts: boolean,
});

const statusCodes = 'retriable-status-codes';

export const retries: Decoder<Retries> = (value, spot) => {
  const decoded = retryFields(value, spot);
  // A number that cannot be is not 0, which would turn off what is usual.
  if (decoded === undefined || ('attempts' in decoded && decoded.attempts === undefined)) return undefined;
  const { attempts = 0 } = decoded;
  const [idle] = Object.keys(decoded).filter((field) => field !== 'attempts');
  if (attempts === 0 && idle !== undefined) {
    report(inside(spot, idle), 'SLC0110', 'without "attempts", or with 0, nothing is tried again');
  }
  const words = decoded.retryOn?.filter((word) => !isStatus(word)) ?? null;
  const codes = decoded.retryOn?.filter(isStatus) ?? [];
  const withCodes =
    words === null || codes.length === 0 || words.includes(statusCodes) ? words : [...words, statusCodes];
  return {
    attempts,
    perTryTimeout: decoded.perTryTimeout ?? null,
    conditions: withCodes,
    statusCodes: codes.map(Number),
    backoff: decoded.backoff ?? null,
    otherLocalities: decoded.retryRemoteLocalities ?? false,
    ignorePrevious: decoded.retryIgnorePreviousHosts ?? null,
  };
};

/** 0 to 100; Envoy counts in millionths, so what is less than one of them cannot be. */
const percentValue: Decoder<number> = (value, spot) => {
  const percent = number({ min: 0, max: 100 })(value, spot);
  return percent !== undefined && percent > 0 && percent < 0.0001
    ? report(spot, 'SLC0105', 'must be 0 or at least 0.0001')
    : percent;
};

/** `percentage: {value: 0.1}`. */
export const percentage: Decoder<number> = (value, spot) => {
  const decoded = object({ value: percentValue })(value, spot);
  return decoded && (decoded.value ?? 0);
};

/** The whole numbers that there were before. */
export const oldPercent: Decoder<number> = (value, spot) => {
  report(spot, 'SLC0109', 'deprecated: write a percentage with a value');
  return integer({ min: 0, max: 100 })(value, spot);
};

const delayFields = object({
  fixedDelay: duration({ min: 1 }),
  percentage,
  percent: oldPercent,
  exponentialDelay: later('delays that grow'),
});

/** Nothing said is 0 %, as in Istio. */
function percentOf(given: number | undefined, what: string, spot: Spot): number {
  if (given === undefined) report(spot, 'SLC0110', `without a percentage no request is ${what}`);
  return given ?? 0;
}

const delay: Decoder<NonNullable<Fault['delay']>> = (value, spot) => {
  const decoded = delayFields(value, spot);
  if (decoded?.fixedDelay === undefined) {
    if (decoded !== undefined) report(spot, 'SLC0104', 'the field "fixedDelay" is required');
    return undefined;
  }
  return { fixed: decoded.fixedDelay, percent: percentOf(decoded.percentage ?? decoded.percent, 'delayed', spot) };
};

/** By number, as gRPC has them. */
const grpcStatuses = [
  ...['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS'],
  ...['PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED'],
  ...['INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED'],
];
const grpcStatus = oneOf(Object.fromEntries(grpcStatuses.map((name, code) => [name, code] as const)));

const abortFields = object({
  httpStatus: integer({ min: 200, max: 599 }),
  grpcStatus,
  http2Error: later('HTTP/2 errors'),
  percentage,
});

const abort: Decoder<NonNullable<Fault['abort']>> = (value, spot) => {
  const decoded = abortFields(value, spot);
  if (decoded === undefined) return undefined;
  const { httpStatus, grpcStatus: code } = decoded;
  if (httpStatus !== undefined && code !== undefined) {
    report(inside(spot, 'grpcStatus'), 'SLC0107', '"httpStatus" is set as well, and only one may be; it is used');
  }
  const status = httpStatus ?? code;
  if (status === undefined) return report(spot, 'SLC0104', 'one of "httpStatus" and "grpcStatus" is required');
  const percent = percentOf(decoded.percentage, 'aborted', spot);
  return { kind: httpStatus === undefined ? 'grpc' : 'http', status, percent };
};

const faultFields = object({ delay, abort });

export const fault: Decoder<Fault> = (value, spot) => {
  const decoded = faultFields(value, spot);
  if (decoded === undefined) return undefined;
  const { delay: slow = null, abort: ended = null } = decoded;
  if (Object.keys(decoded).length === 0) report(spot, 'SLC0104', 'one of "delay" and "abort" is required');
  return slow === null && ended === null ? undefined : { delay: slow, abort: ended };
};

const wholeSeconds: Decoder<Milliseconds> = (value, spot) => {
  const age = duration({ min: 0 })(value, spot);
  return age === undefined || age % 1000 === 0 ? age : report(spot, 'SLC0105', 'must be in whole seconds');
};

const corsFields = object({
  allowOrigin: list(nonEmptyString),
  allowOrigins: list(textMatch),
  allowMethods: list(token),
  allowHeaders: list(headerText),
  exposeHeaders: list(headerText),
  maxAge: wholeSeconds,
  allowCredentials: boolean,
  unmatchedPreflights: oneOf({ UNSPECIFIED: true, FORWARD: true, IGNORE: false }),
});

export const cors: Decoder<Cors> = (value, spot) => {
  const decoded = corsFields(value, spot);
  if (decoded === undefined) return undefined;
  if (decoded.allowOrigin !== undefined) {
    report(inside(spot, 'allowOrigin'), 'SLC0109', 'deprecated: write allowOrigins, which wins if both are set');
  }
  const old = (decoded.allowOrigin ?? []).map((text): TextMatch => ({ kind: 'exact', text }));
  return {
    origins: decoded.allowOrigins ?? old,
    methods: decoded.allowMethods ?? [],
    allowHeaders: decoded.allowHeaders ?? [],
    exposeHeaders: decoded.exposeHeaders ?? [],
    maxAge: decoded.maxAge ?? null,
    credentials: decoded.allowCredentials ?? null,
    forwardUnmatched: decoded.unmatchedPreflights ?? true,
  };
};
