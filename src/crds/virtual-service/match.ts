// HTTPMatchRequest of a VirtualService (networking.istio.io): which requests a route is for.
//
// Invariant: a match of which something cannot be understood is left out whole, for without that it would match more.
import { isObject, type JsonValue } from '../../lib/json.ts';
import { sortedBy } from '../../lib/sorted.ts';
import { type Labels, noLabels } from '../../model/endpoint.ts';
import { gatewayKey } from '../../model/gateway.ts';
import { objectName } from '../../model/object.ts';
import type { Origin } from '../../model/origin.ts';
import {
  type ClientMatch,
  type HeaderMatch,
  type HttpMatch,
  meshGateway,
  type ParameterMatch,
  type TextMatch,
  type ValueMatch,
} from '../../model/route.ts';
import {
  boolean,
  type Decoder,
  inside,
  integer,
  list,
  nonEmptyString,
  object,
  portRange,
  report,
  type Spot,
  selector,
  string,
} from '../values/decode.ts';
import { headerName, headerText } from '../values/http-text.ts';
import { regex } from '../values/regex.ts';

/** Headers that are really claims of a token that was checked. */
const claims = '@request.auth.claims';

const textFields = object({ exact: headerText, prefix: headerText, regex });
const kinds = ['exact', 'prefix', 'regex'] as const;

function keysOf(value: JsonValue): readonly string[] {
  return isObject(value) ? Object.keys(value).filter((key) => value[key] !== null) : [];
}

/** Exactly one of `exact`, `prefix` and `regex`. */
export const textMatch: Decoder<TextMatch> = (value, spot) => {
  const decoded = textFields(value, spot);
  if (decoded === undefined) return undefined;
  const [kind, second] = kinds.filter((each) => keysOf(value).includes(each));
  if (kind === undefined) return report(spot, 'SLC0104', 'one of "exact", "prefix" and "regex" is required');
  if (second !== undefined) return report(inside(spot, second), 'SLC0107', `"${kind}" is set as well; only one may be`);
  const text = decoded[kind];
  if (text === '' && kind === 'prefix') return report(inside(spot, kind), 'SLC0105', 'must not be empty');
  return text === undefined ? undefined : { kind, text };
};

/** Nothing in particular, and the regex `*`, mean that there is any value at all. */
const valueMatch: Decoder<ValueMatch> = (value, spot) => {
  const asterisk = isObject(value) && keysOf(value).length === 1 && value['regex'] === '*';
  if (asterisk || (isObject(value) && keysOf(value).length === 0)) return { kind: 'present' };
  return textMatch(value, spot);
};

/** An object whose keys are names of headers or parameters; sorted by them. */
function byName(name: Decoder<string>): Decoder<readonly ParameterMatch[]> {
  return (value, spot) => {
    if (!isObject(value)) return report(spot, 'SLC0102', 'expected an object');
    const found = Object.entries(value).map(([key, item]) => {
      const here = inside(spot, key);
      const match = name(key, here) === undefined ? undefined : valueMatch(item ?? {}, here);
      return match === undefined ? [] : [{ name: key, value: match }];
    });
    return sortedBy(found.flat(), (each) => each.name);
  };
}

const matchedHeader: Decoder<string> = (value, spot) =>
  typeof value === 'string' && value.startsWith(claims)
    ? report(spot, 'SLC0108', 'claims of tokens: not supported yet, so the match around it is left out')
    : headerName(value, spot);

const headers = byName(matchedHeader);
const pathMatch: Decoder<TextMatch> = (value, spot) => {
  const match = textMatch(value, spot);
  return match?.text === '' ? report(spot, 'SLC0105', 'must not be empty') : match;
};

/** A Gateway by `namespace/name`: one without a namespace is at home in that of the object; `mesh` are all sidecars. */
export const gatewayName: Decoder<string> = (value, spot) => {
  const name = nonEmptyString(value, spot);
  if (name === undefined || name === meshGateway || name.includes('/')) return name;
  return gatewayKey({ namespace: objectName(spot.origin.object).namespace, name });
};

/** The fields that say which clients something is for; those of TCP and TLS routes have them too. */
export const clientFields = {
  port: integer(portRange),
  sourceLabels: selector,
  sourceNamespace: nonEmptyString,
  gateways: list(gatewayName),
};

interface ClientFields {
  readonly port?: number | undefined;
  readonly sourceLabels?: Labels | undefined;
  readonly sourceNamespace?: string | undefined;
  readonly gateways?: readonly string[] | undefined;
}

export function clientMatch({ port, sourceLabels, sourceNamespace, gateways = [] }: ClientFields): ClientMatch {
  return {
    port: port ?? null,
    labels: sourceLabels ?? noLabels,
    namespace: sourceNamespace ?? null,
    gateways: gateways.length === 0 ? null : gateways,
  };
}

const everyClient = clientMatch({});

/** Every request. */
export function everything(origin: Origin): HttpMatch {
  return {
    name: '',
    statPrefix: null,
    path: null,
    ignoreCase: false,
    headers: [],
    parameters: [],
    client: everyClient,
    origin,
  };
}

const fields = object({
  ...clientFields,
  name: string,
  statPrefix: nonEmptyString,
  uri: pathMatch,
  ignoreUriCase: boolean,
  method: textMatch,
  authority: textMatch,
  scheme: textMatch,
  headers,
  withoutHeaders: headers,
  queryParams: byName(nonEmptyString),
});
type Fields = NonNullable<ReturnType<typeof fields>>;

function headersOf(decoded: Fields): readonly HeaderMatch[] {
  const wanted = (decoded.headers ?? []).map((each) => ({ ...each, negated: false }));
  const unwanted = (decoded.withoutHeaders ?? []).map((each) => ({ ...each, negated: true }));
  const pseudo = (['method', 'authority', 'scheme'] as const).flatMap((field) => {
    const value = decoded[field];
    return value === undefined ? [] : [{ name: `:${field}`, value, negated: false }];
  });
  return [...sortedBy([...wanted, ...unwanted], ({ name }) => name), ...pseudo];
}

function build(decoded: Fields, spot: Spot): HttpMatch {
  if (decoded.ignoreUriCase === true && decoded.uri?.kind === 'regex') {
    report(inside(spot, 'ignoreUriCase'), 'SLC0110', 'a regex says itself what case it ignores: write (?i) in it');
  }
  return {
    name: decoded.name ?? '',
    statPrefix: decoded.statPrefix ?? null,
    path: decoded.uri ?? null,
    ignoreCase: decoded.ignoreUriCase ?? false,
    headers: headersOf(decoded),
    parameters: decoded.queryParams ?? [],
    client: clientMatch(decoded),
    origin: spot.origin,
  };
}

/** `decode`, or nothing at all if there was anything to say about the value. */
export function whole<T>(decode: Decoder<T>): Decoder<T> {
  return (value, spot) => {
    const before = spot.diagnostics.length;
    const decoded = decode(value, spot);
    if (spot.diagnostics.length === before) return decoded;
    return report(spot, 'SLC0220', 'the match is left out, for without what is wrong in it it would match more');
  };
}

const wholeFields = whole(fields);

export const httpMatch: Decoder<HttpMatch> = (value, spot) => {
  const decoded = wholeFields(value, spot);
  return decoded && build(decoded, spot);
};
