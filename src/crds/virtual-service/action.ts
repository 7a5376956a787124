// Redirects, direct responses and rewrites of a VirtualService (networking.istio.io).
import type {
  Body,
  DirectResponse,
  HttpMatch,
  PathRewrite,
  Redirect,
  RedirectPort,
  RedirectStatus,
  Rewrite,
} from '../../model/route.ts';
import {
  type Decoder,
  inside,
  integer,
  object,
  oneOf,
  portRange,
  report,
  type Spot,
  string,
} from '../values/decode.ts';
import { headerText, headerWord } from '../values/http-text.ts';
import { type Regex, regexWithGroups } from '../values/regex.ts';

const statuses: readonly number[] = [301, 302, 303, 307, 308] satisfies readonly RedirectStatus[];

const redirectCode: Decoder<RedirectStatus> = (value, spot) =>
  statuses.includes(value as number)
    ? (value as RedirectStatus)
    : report(spot, 'SLC0105', `Envoy redirects with one of ${statuses.join(', ')}`);

const derivePort = oneOf<RedirectPort>({
  FROM_PROTOCOL_DEFAULT: { kind: 'protocol' },
  FROM_REQUEST_PORT: { kind: 'request' },
});

const redirectFields = object({
  uri: headerWord,
  prefixRewrite: headerWord,
  authority: headerWord,
  scheme: headerWord,
  port: integer(portRange),
  derivePort,
  redirectCode,
});
type RedirectFields = NonNullable<ReturnType<typeof redirectFields>>;

const isPrefix = ({ path }: HttpMatch): boolean => path === null || path.kind === 'prefix';

function redirectPath({ uri, prefixRewrite }: RedirectFields, spot: Spot): Redirect['path'] {
  const here = inside(spot, 'prefixRewrite');
  if (uri !== undefined) {
    if (prefixRewrite !== undefined) report(here, 'SLC0107', '"uri" is set as well, and only one may be; it is used');
    return { kind: 'whole', text: uri };
  }
  return prefixRewrite === undefined ? null : { kind: 'prefix', text: prefixRewrite };
}

function redirectPort({ port, derivePort: derived }: RedirectFields, spot: Spot): RedirectPort | null {
  if (port === undefined) return derived ?? null;
  if (derived !== undefined) {
    report(inside(spot, 'derivePort'), 'SLC0107', '"port" is set as well, and only one may be; it is used');
  }
  return { kind: 'number', number: port };
}

/** Undefined: it would change nothing. */
function effective(redirect: Redirect, spot: Spot): Redirect | undefined {
  const { path, port, authority, scheme } = redirect;
  if (path !== null || port !== null || authority !== null || scheme !== null) return redirect;
  const fields = 'uri, prefixRewrite, authority, scheme or port';
  return report(spot, 'SLC0104', `a redirect has to change something: ${fields}`);
}

export const redirect: Decoder<Redirect> = (value, spot) => {
  const decoded = redirectFields(value, spot);
  if (decoded === undefined) return undefined;
  const { authority = null, scheme = null, redirectCode: status = 301 } = decoded;
  const [path, port] = [redirectPath(decoded, spot), redirectPort(decoded, spot)];
  return effective({ kind: 'redirect', path, authority, scheme, port, status }, spot);
};

/** A redirect as far as it suits the matches of its route: a prefix is only replaced where one has matched. */
export function suited(wanted: Redirect, matches: readonly HttpMatch[], spot: Spot): Redirect | undefined {
  if (wanted.path?.kind !== 'prefix' || matches.every(isPrefix)) return wanted;
  report(inside(spot, 'prefixRewrite'), 'SLC0105', 'every match has to be one of a prefix');
  return effective({ ...wanted, path: null }, spot);
}

const largestBody = 1_048_576;
const largeBody = 100_000;

function bounded(bytes: number, spot: Spot): boolean {
  if (bytes > largestBody) report(spot, 'SLC0105', `must be at most ${largestBody} bytes`);
  else if (bytes > largeBody) report(spot, 'SLC0221', `${bytes} bytes: every proxy holds them in memory`);
  return bytes <= largestBody;
}

const textBody: Decoder<Body> = (value, spot) => {
  const content = string(value, spot);
  if (content === undefined || !bounded(new TextEncoder().encode(content).length, spot)) return undefined;
  return { kind: 'text', content };
};

const base64Characters = new Set('+/0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ');

const bytesBody: Decoder<Body> = (value, spot) => {
  const content = string(value, spot);
  if (content === undefined) return undefined;
  const padding = content.endsWith('==') ? 2 : content.endsWith('=') ? 1 : 0;
  const digits = content.slice(0, content.length - padding);
  const valid = content.length % 4 === 0 && [...digits].every((character) => base64Characters.has(character));
  if (!valid) return report(spot, 'SLC0105', 'is not base64');
  return bounded((content.length / 4) * 3 - padding, spot) ? { kind: 'base64', content } : undefined;
};

const bodyFields = object({ string: textBody, bytes: bytesBody });
const body: Decoder<Body> = (value, spot) => {
  const decoded = bodyFields(value, spot);
  if (decoded?.string !== undefined && decoded.bytes !== undefined) {
    report(inside(spot, 'bytes'), 'SLC0107', '"string" is set as well, and only one may be; it is used');
  }
  return decoded?.string ?? decoded?.bytes;
};

const responseFields = object({ status: integer({ min: 200, max: 599 }), body }, { required: ['status'] });

export const directResponse: Decoder<DirectResponse> = (value, spot) => {
  const decoded = responseFields(value, spot);
  if (decoded?.status === undefined) return undefined;
  return { kind: 'direct-response', status: decoded.status, body: decoded.body ?? null };
};

/** Whether RE2 takes the text as what a match is replaced by: `\0` to `\9` are groups, `\\` is a backslash. */
function fits(substitution: string, { groups }: Regex): boolean {
  for (let index = substitution.indexOf('\\'); index >= 0; index = substitution.indexOf('\\', index + 2)) {
    const next = substitution[index + 1] ?? '';
    const isGroup = next >= '0' && next <= '9' && Number(next) <= groups;
    if (next !== '\\' && !isGroup) return false;
  }
  return true;
}

const regexRewriteFields = object({ match: regexWithGroups, rewrite: headerText }, { required: ['match', 'rewrite'] });

const regexRewrite: Decoder<PathRewrite> = (value, spot) => {
  const { match, rewrite: substitution } = regexRewriteFields(value, spot) ?? {};
  if (match === undefined || substitution === undefined) return undefined;
  if (fits(substitution, match)) return { kind: 'regex', pattern: match.pattern, substitution };
  return report(
    inside(spot, 'rewrite'),
    'SLC0105',
    `a backslash is followed by another one, or by the number of a group: the expression has ${match.groups}`,
  );
};

const rewriteFields = object({ uri: headerWord, authority: headerWord, uriRegexRewrite: regexRewrite });

export const rewrite: Decoder<Rewrite> = (value, spot) => {
  const decoded = rewriteFields(value, spot);
  if (decoded === undefined) return undefined;
  const { uri, uriRegexRewrite, authority = null } = decoded;
  if (uri !== undefined && uriRegexRewrite !== undefined) {
    report(inside(spot, 'uri'), 'SLC0107', '"uriRegexRewrite" is set as well, and only one may be; it is used');
  }
  const path = uriRegexRewrite ?? (uri === undefined ? null : ({ kind: 'uri', uri } as const));
  if (Object.keys(decoded).length === 0) {
    report(spot, 'SLC0104', 'one of "uri", "authority" and "uriRegexRewrite" is required');
  }
  return path === null && authority === null ? undefined : { path, authority };
};
