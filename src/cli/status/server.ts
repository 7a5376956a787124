// A running control plane, asked over HTTP.
import type { JsonValue } from '../../lib/json.ts';
import { UsageError } from '../command.ts';
import { getJson, type HttpAnswer } from '../read-json.ts';
import type { ProxyList } from '../serve/proxies.ts';
import { readProxies } from './read-proxies.ts';

const advice = "is 'sluice serve' running there? --server takes the address of its --http-address";

/** The answer to a page of the control plane at `server`, whatever its status. Throws UsageError where there is none. */
export function ask(server: string, path: string): Promise<HttpAnswer> {
  return getJson({ url: new URL(path, server).href, what: `the control plane at ${server}`, advice });
}

/** The body of an answer. Throws UsageError, in the server's words, for one that is not 200. */
export function bodyOf({ status, body }: HttpAnswer, server: string): JsonValue {
  if (status === 200) return body;
  throw new UsageError(`the control plane at ${server} answered ${status}: ${String(body)}`);
}

/** All connected proxies. */
export async function getProxies(server: string): Promise<ProxyList> {
  return readProxies(bodyOf(await ask(server, '/debug/proxies'), server));
}
