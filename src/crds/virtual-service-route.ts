// HTTPRoute of a VirtualService (networking.istio.io): requests that match, and what happens to them.
import { isObject } from '../lib/json.ts';
import type { Milliseconds } from '../model/lb-policy.ts';
import type { Origin } from '../model/origin.ts';
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
} from '../model/route.ts';
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
} from './decode.ts';
import { duration } from './duration.ts';
import { fullHost, hostName } from './host.ts';
import { directResponse, redirectOf, rewrite } from './virtual-service-action.ts';
import { headerRules, reportSecondAuthority } from './virtual-service-headers.ts';
import { httpMatch } from './virtual-service-match.ts';
import { cors, fault, oldPercent, percentage, retries } from './virtual-service-policies.ts';

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

/** What a route is read with: the VirtualService around it. */
interface Surroundings {
  readonly namespace: string;
  readonly sticky: boolean;
}

/** The destinations of a rule in `namespace`, where short names are at home. */
export function destinationIn(namespace: string): Decoder<Destination> {
  const decode = object(
    { host: hostName, subset: nonEmptyString, port: object({ number: integer(portRange) }, { required: ['number'] }) },
    { required: ['host'] },
  );
  return (value, spot) => {
    const decoded = decode(value, spot);
    if (decoded?.host === undefined) return undefined;
    // Another port, or the whole service, is not what was asked for.
    const lost = (['port', 'subset'] as const).some(
      (field) => isObject(value) && (value[field] ?? null) !== null && decoded[field] === undefined,
    );
    if (lost) return undefined;
    const { host, subset = null, port } = decoded;
    return { host: fullHost(host, namespace), port: port?.number ?? null, subset, origin: spot.origin };
  };
}

export const weight = integer({ min: 0, max: 2147483647 });

/** Whether the weights of these shares can be used; reports why not. */
export function usableWeights(shares: readonly { readonly weight: number }[], spot: Spot): boolean {
  const total = shares.reduce((sum, share) => sum + share.weight, 0);
  if (total > 4294967295) report(spot, 'SLC0105', 'the weights add up to more than 4294967295');
  else if (total === 0) report(spot, 'SLC0105', 'the weights add up to 0, so there is nowhere to go');
  return total > 0 && total <= 4294967295;
}

const invalid: Invalid = { kind: 'invalid' };

function sharesIn({ namespace, sticky }: Surroundings): Decoder<Shares | Invalid> {
  const fields = object(
    { destination: destinationIn(namespace), weight, headers: headerRules },
    { required: ['destination'] },
  );
  const share: Decoder<Share> = (value, spot) => {
    const decoded = fields(value, spot);
    if (decoded?.destination === undefined) return undefined;
    return { destination: decoded.destination, weight: decoded.weight ?? 0, headers: decoded.headers ?? null };
  };
  return (value, spot) => {
    const shares = list(share)(value, spot);
    const asked = Array.isArray(value) ? value.length : 0;
    if (shares === undefined || shares.length < asked) return invalid;
    const [only] = shares;
    if (only === undefined) return report(spot, 'SLC0104', 'at least one destination is required') ?? invalid;
    if (shares.length === 1) return { kind: 'forward', shares: [{ ...only, weight: 100 }], sticky };
    return usableWeights(shares, spot)
      ? { kind: 'forward', shares: shares.filter((each) => each.weight > 0), sticky }
      : invalid;
  };
}

function mirrorsIn(namespace: string): Decoder<readonly Mirror[]> {
  const fields = object({ destination: destinationIn(namespace), percentage }, { required: ['destination'] });
  return list((value, spot) => {
    const decoded = fields(value, spot);
    return decoded?.destination && { destination: decoded.destination, percent: decoded.percentage ?? 100 };
  });
}

const delegate = object({ name: nonEmptyString, namespace: nonEmptyString }, { required: ['name'] });

const timeout: Decoder<Milliseconds> = duration({ min: 1 });

function fieldsOf(around: Surroundings, matches: readonly HttpMatch[]) {
  return object({
    name: string,
    match: list(httpMatch),
    route: sharesIn(around),
    redirect: redirectOf(matches),
    directResponse,
    delegate,
    rewrite,
    timeout,
    retries,
    fault,
    mirror: destinationIn(around.namespace),
    mirrors: mirrorsIn(around.namespace),
    mirrorPercentage: percentage,
    mirrorPercent: oldPercent,
    mirror_percent: oldPercent,
    corsPolicy: cors,
    headers: headerRules,
  });
}
type Fields = NonNullable<ReturnType<ReturnType<typeof fieldsOf>>>;

function mirrorsOf(decoded: Fields, spot: Spot): readonly Mirror[] {
  const { mirror, mirrors } = decoded;
  if (mirrors !== undefined) {
    if (mirror !== undefined)
      report(inside(spot, 'mirror'), 'SLC0107', '"mirrors" is set as well, and only one may be; it is used');
    return mirrors.filter(({ percent }) => percent > 0);
  }
  const percent = decoded.mirrorPercentage ?? decoded.mirrorPercent ?? decoded.mirror_percent ?? 100;
  return mirror === undefined || percent === 0 ? [] : [{ destination: mirror, percent }];
}

const actions = ['route', 'redirect', 'directResponse', 'delegate'] as const;

/** The one action that is there. One that cannot be understood answers 503: its requests are not for the routes below it. */
function actionOf(
  decoded: Fields,
  present: readonly (typeof actions)[number][],
  around: Surroundings,
  spot: Spot,
): HttpRule['action'] {
  const [used, ...others] = present;
  for (const other of others) {
    report(inside(spot, other), 'SLC0107', `"${used}" is set as well, and only one may be; "${used}" is used`);
  }
  if (used === undefined) return report(spot, 'SLC0104', `one of ${actions.join(', ')} is required`) ?? invalid;
  if (used !== 'delegate') return decoded[used] ?? invalid;
  const { name, namespace = around.namespace } = decoded.delegate ?? {};
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

/** The routes of a VirtualService. */
export function httpRuleIn(around: Surroundings): Decoder<HttpRule> {
  return (value, spot) => {
    const silent: Spot = { origin: spot.origin, diagnostics: [] };
    const given = isObject(value) ? (value['match'] ?? null) : null;
    const asked = Array.isArray(given) && given.length > 0;
    const matches = asked ? (list(httpMatch)(given, inside(silent, 'match')) ?? []) : [];
    const decoded = fieldsOf(around, matches)(value, spot);
    if (decoded === undefined) return undefined;
    const present = actions.filter((each) => isObject(value) && (value[each] ?? null) !== null);
    const action = actionOf(decoded, present, around, spot);
    reportUseless(decoded, action, spot);
    const sends = action.kind === 'forward' || action.kind === 'delegate';
    const { headers = null, rewrite: rewritten = null } = decoded;
    reportSecondAuthority(headers, rewritten?.authority ?? null, spot);
    return {
      name: decoded.name ?? '',
      matches: asked || (given !== null && !Array.isArray(given)) ? matches : null,
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
}
