// The debug pages: JSON about the connected proxies, for this machine alone.
import { isIP } from 'node:net';
import { type ResourceKind, resourceKinds } from '../../envoy/types.ts';
import { type Address, isLoopback } from './address.ts';
import { listProxies, type ProxySources, proxyConfig } from './proxies.ts';

export interface PageRequest {
  /** The path and what follows it, as in the request. */
  readonly url: string;
  /** The Host header. */
  readonly host: string | undefined;
}

export interface PageAnswer {
  readonly status: number;
  readonly type: 'text/plain; charset=utf-8' | 'application/json';
  readonly body: string;
}

/** Answers a request, or gives null where the page is not one of its own. */
export type Pages = (request: PageRequest) => PageAnswer | null;

/** The longest answer, in characters. */
const longest = 128 << 20;

/** `/debug/proxies` and `/debug/proxies/{id}/config?type=cluster,route&name=part`. */
export function debugPages(listening: Address, sources: ProxySources): Pages {
  return ({ url, host }) => {
    const [path = '', query = ''] = url.split('?', 2);
    if (path !== '/debug' && !path.startsWith('/debug/')) return null;
    if (!isLoopback(listening)) {
      return text(403, 'the debug pages are only there where --http-address is a loopback address, such as 127.0.0.1');
    }
    if (!isOwnName(host, listening)) return text(403, 'the Host header is not a name of this machine');
    const [, , page, who, part, ...rest] = path.split('/');
    if (page === 'proxies' && who === undefined) return json(listProxies(sources));
    if (page === 'proxies' && who !== undefined && part === 'config' && rest.length === 0) {
      return config(sources, who, new URLSearchParams(query));
    }
    return text(404, 'not found: there are /debug/proxies and /debug/proxies/{id}/config');
  };
}

/** Web pages of other sites may have their own names lead here; what their scripts then ask carries such a name. */
function isOwnName(host: string | undefined, listening: Address): boolean {
  const name = (host ?? '')
    .replace(/:\d{1,5}$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
  return name === 'localhost' || name === listening.host || (isIP(name) !== 0 && isLoopback({ host: name, port: 0 }));
}

function config(sources: ProxySources, encoded: string, query: URLSearchParams): PageAnswer {
  const who = decoded(encoded);
  const types = (query.get('type') ?? resourceKinds.join()).split(',').filter((type) => type !== '');
  const wrong = types.filter((type) => !resourceKinds.some((kind) => kind === type));
  if (who === null || wrong.length > 0) return text(400, `the type is one of ${resourceKinds.join(', ')}`);
  const found = proxyConfig(sources, who, { types: types as ResourceKind[], name: query.get('name') ?? '' });
  return found === null ? text(404, 'no such proxy is connected') : json(found);
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

function json(value: object): PageAnswer {
  const body = `${JSON.stringify(value)}\n`;
  if (body.length > longest) return text(413, 'the answer is too long: ask for fewer types, or for part of a name');
  return { status: 200, type: 'application/json', body };
}

function text(status: number, line: string): PageAnswer {
  return { status, type: 'text/plain; charset=utf-8', body: `${line}\n` };
}
