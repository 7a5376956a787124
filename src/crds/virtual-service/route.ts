// HTTPRoute of a VirtualService (networking.istio.io): requests that match, and what happens to them.
import { isObject, type JsonValue } from '../../lib/json.ts';
import type { Milliseconds } from '../../model/lb-policy.ts';
import { objectName } from '../../model/object.ts';
import type { Origin } from '../../model/origin.ts';
import type {
  Destination,
  Forwarding,
  HttpAction,
  HttpMatch,
  Invalid,
  Mirror,
  RouteExtras,
  Share,
  Shares,
} from '../../model/route.ts';
import {
  type Decoder,
  inside,
  integer,
  list,
  nonEmptyString,
  object,
  portRange,
  report,
  type Spot,
  string,
} from '../values/decode.ts';
import { duration } from '../values/duration.ts';
import { hostAt, hostName } from '../values/host.ts';
import { directResponse, redirect, rewrite, suited } from './action.ts';
import { headerRules, reportSecondAuthority } from './headers.ts';
import { httpMatch } from './match.ts';
import { cors, fault, oldPercent, percentage, retries } from './policies.ts';

/** What the routes of another VirtualService decide. */
export interface Delegate {
  readonly kind: 'delegate';
  readonly name: string;
  readonly namespace: string;
}

/** A route as it is written; what goes with forwarding is apart, since a delegate may take it over. */
export interface HttpRule extends RouteExtras {
  readonly name: string;
  /** Null: every request. Empty: none, since what it asks for cannot be understood. */
  readonly matches: readonly HttpMatch[] | null;
  readonly action: Shares | Exclude<HttpAction, { readonly kind: 'forward' }> | Delegate;
  readonly forwarding: Forwarding;
  readonly origin: Origin;
}

const destinationFields = object(
  { host: hostName, subset: nonEmptyString, port: object({ number: integer(portRange) }, { required: ['number'] }) },
  { required: ['host'] },
);

export const destination: Decoder<Destination> = (value, spot) => {
  const decoded = destinationFields(value, spot);
  if (decoded?.host === undefined) return undefined;
  // Another port, or the whole service, is not what was asked for.
  const lost = (['port', 'subset'] as const).some(
    (field) => isObject(value) && (value[field] ?? null) !== null && decoded[field] === undefined,
  );
  if (lost) return undefined;
  const { host, subset = null, port } = decoded;
  return { host: hostAt(host, spot), port: port?.number ?? null, subset, origin: spot.origin };
};

export const weight = integer({ min: 0, max: 2147483647 });

/** Whether the weights of these shares can be used; reports why not. */
export function usableWeights(shares: readonly { readonly weight: number }[], spot: Spot): boolean {
  const total = shares.reduce((sum, share) => sum + share.weight, 0);
  if (total > 4294967295) report(spot, 'SLC0105', 'the weights add up to more than 4294967295');
  else if (total === 0) report(spot, 'SLC0105', 'the weights add up to 0, so there is nowhere to go');
  return total > 0 && total <= 4294967295;
}

const invalid: Invalid = { kind: 'invalid' };

const shareFields = object({ destination, weight, headers: headerRules }, { required: ['destination'] });

const share: Decoder<Share> = (value, spot) => {
  const decoded = shareFields(value, spot);
  if (decoded?.destination === undefined) return undefined;
  return { destination: decoded.destination, weight: decoded.weight ?? 0, headers: decoded.headers ?? null };
};

const shareList = list(share);

const route: Decoder<Shares | Invalid> = (value, spot) => {
  const shares = shareList(value, spot);
  const asked = Array.isArray(value) ? value.length : 0;
  if (shares === undefined || shares.length < asked) return invalid;
  const [only] = shares;
  if (only === undefined) return report(spot, 'SLC0104', 'at least one destination is required') ?? invalid;
  if (shares.length === 1) return { kind: 'forward', shares: [{ ...only, weight: 100 }], sticky: false };
  if (!usableWeights(shares, spot)) return invalid;
  return { kind: 'forward', shares: shares.filter((each) => each.weight > 0), sticky: false };
};

const mirrorFields = object({ destination, percentage }, { required: ['destination'] });

const mirrors = list<Mirror>((value, spot) => {
  const decoded = mirrorFields(value, spot);
  return decoded?.destination && { destination: decoded.destination, percent: decoded.percentage ?? 100 };
});

const delegate = object({ name: nonEmptyString, namespace: nonEmptyString }, { required: ['name'] });

const timeout: Decoder<Milliseconds> = duration({ min: 1 });

const fields = object({
  name: string,
  match: list(httpMatch),
  route,
  redirect,
  directResponse,
  delegate,
  rewrite,
  timeout,
  retries,
  fault,
  mirror: destination,
  mirrors,
  mirrorPercentage: percentage,
  mirrorPercent: oldPercent,
  mirror_percent: oldPercent,
  corsPolicy: cors,
  headers: headerRules,
});
type Fields = NonNullable<ReturnType<typeof fields>>;

function mirrorsOf(decoded: Fields, spot: Spot): readonly Mirror[] {
  const { mirror } = decoded;
  if (decoded.mirrors !== undefined) {
    if (mirror !== undefined)
      report(inside(spot, 'mirror'), 'SLC0107', '"mirrors" is set as well, and only one may be; it is used');
    return decoded.mirrors.filter(({ percent }) => percent > 0);
  }
  const percent = decoded.mirrorPercentage ?? decoded.mirrorPercent ?? decoded.mirror_percent ?? 100;
  return mirror === undefined || percent === 0 ? [] : [{ destination: mirror, percent }];
}

const actions = ['route', 'redirect', 'directResponse', 'delegate'] as const;

/** The one action that is there. One that cannot be understood answers 503: its requests are not for the routes below it. */
function actionOf(
  decoded: Fields,
  present: readonly (typeof actions)[number][],
  matches: readonly HttpMatch[],
  spot: Spot,
): HttpRule['action'] {
  const [used, ...others] = present;
  for (const other of others) {
    report(inside(spot, other), 'SLC0107', `"${used}" is set as well, and only one may be; "${used}" is used`);
  }
  if (used === undefined) return report(spot, 'SLC0104', `one of ${actions.join(', ')} is required`) ?? invalid;
  if (used === 'redirect') {
    return (decoded.redirect && suited(decoded.redirect, matches, inside(spot, 'redirect'))) ?? invalid;
  }
  if (used !== 'delegate') return decoded[used] ?? invalid;
  const { name, namespace = objectName(spot.origin.object).namespace } = decoded.delegate ?? {};
  return name === undefined ? invalid : { kind: 'delegate', name, namespace };
}

/** What only requests have that are sent on. */
const sentOn = ['fault', 'rewrite', 'timeout', 'retries', 'mirror', 'mirrors'] as const;

function reportUseless(decoded: Fields, action: HttpRule['action'], spot: Spot): void {
  if (action.kind !== 'redirect' && action.kind !== 'direct-response') return;
  for (const field of sentOn) {
    if (decoded[field] === undefined) continue;
    report(inside(spot, field), 'SLC0107', 'such requests are answered at once and not sent on; the field is not used');
  }
}

/** Null: every request; empty: none, since what it asks for cannot be understood. */
function matchesOf(decoded: Fields, value: JsonValue): HttpRule['matches'] {
  const given = isObject(value) ? (value['match'] ?? null) : null;
  const none = given === null || (Array.isArray(given) && given.length === 0);
  return none ? null : (decoded.match ?? []);
}

export const httpRule: Decoder<HttpRule> = (value, spot) => {
  const decoded = fields(value, spot);
  if (decoded === undefined) return undefined;
  const matches = matchesOf(decoded, value);
  const present = actions.filter((each) => isObject(value) && (value[each] ?? null) !== null);
  const action = actionOf(decoded, present, matches ?? [], spot);
  reportUseless(decoded, action, spot);
  const sends = action.kind === 'forward' || action.kind === 'delegate';
  const { headers = null, rewrite: rewritten = null } = decoded;
  reportSecondAuthority(headers, rewritten?.authority ?? null, spot);
  return {
    name: decoded.name ?? '',
    matches,
    action,
    forwarding: {
      rewrite: rewritten,
      timeout: decoded.timeout ?? null,
      retries: decoded.retries ?? null,
      mirrors: mirrorsOf(decoded, spot),
    },
    fault: sends ? (decoded.fault ?? null) : null,
    cors: decoded.corsPolicy ?? null,
    headers,
    origin: spot.origin,
  };
};

/** The same, where a client's hash keys decide the share too. */
export function sticky(rule: HttpRule): HttpRule {
  return rule.action.kind === 'forward' ? { ...rule, action: { ...rule.action, sticky: true } } : rule;
}
