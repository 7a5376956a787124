// A proxy's configuration as the control plane has sent it.
import { nearest } from '../../crds/values/decode.ts';
import { redact } from '../../envoy/redact.ts';
import { UsageError } from '../command.ts';
import { ask, bodyOf, getProxies } from '../status/server.ts';
import { listAt, textAt } from '../translate/envoy-json.ts';
import type { ConfigLists } from './lists.ts';

export interface SentConfig {
  readonly lists: ConfigLists;
  /** `type name (state)` of what was refused or not sent: what the proxy has of it is not known. */
  readonly unknown: readonly string[];
}

/** Asks for what `who` (its node id, or POD.NAMESPACE) was sent. Throws UsageError where no such proxy is connected. */
export async function configOf(
  server: string,
  who: string,
  types: readonly string[],
  name: string,
): Promise<SentConfig> {
  const query = new URLSearchParams({ type: types.join(), name });
  const answer = await ask(server, `/debug/proxies/${encodeURIComponent(who)}/config?${query}`);
  if (answer.status === 404) throw new UsageError(await unknownProxy(server, who));
  const body = bodyOf(answer, server);
  const list = (name: string) => listAt(body, 'config', name).map(redact);
  return {
    lists: {
      bootstrap: null,
      clusters: list('clusters'),
      endpoints: list('endpoints'),
      listeners: list('listeners'),
      routes: list('routes'),
      secrets: list('secrets'),
    },
    unknown: listAt(body, 'unknown').map(
      (each) => `${textAt(each, 'type')} ${textAt(each, 'name')} (${textAt(each, 'state')})`,
    ),
  };
}

async function unknownProxy(server: string, who: string): Promise<string> {
  const { proxies } = await getProxies(server);
  const names = proxies.map(({ name, namespace }) => `${name}.${namespace}`);
  if (names.length === 0) return `no proxy ${who} is connected: none is at all`;
  return `no proxy ${who} is connected, written as POD.NAMESPACE: 'sluice status' lists those that are${nearest(who, names)}`;
}
