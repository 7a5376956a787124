// Several VirtualServices for one host: in which order their routes stand, whose host it is, and what is never reached.
import { type Diagnostic, diagnose } from '../../model/diagnostic.ts';
import { describeObject } from '../../model/object.ts';
import { type HttpRoute, matchesAll } from '../../model/route.ts';
import type { RoutingRule } from './delegates.ts';

const isForAll = ({ matches }: HttpRoute): boolean =>
  matches.some((match) => {
    const { port, labels, namespace, gateways } = match.client;
    return matchesAll(match) && port === null && labels.size === 0 && namespace === null && gateways === null;
  });

/** Those of the namespace that has the host come first; otherwise nothing changes its place. */
export function ownFirst(rules: readonly RoutingRule[], owner: string): readonly RoutingRule[] {
  const own = rules.filter(({ source }) => source.namespace === owner);
  return own.length === 0 ? rules : [...own, ...rules.filter(({ source }) => source.namespace !== owner)];
}

/** What is exported to its own namespace alone says what its own workloads call. */
const isForOthers = ({ namespace, exportTo }: RoutingRule['source']): boolean =>
  [...exportTo].some((each) => each !== namespace);

/** `several`: those that hold together, in their order; `namespace`: who has the host, or null: who came first. */
export function sharedHost(
  host: string,
  several: readonly RoutingRule[],
  namespace: string | null,
): readonly Diagnostic[] {
  if (several.length < 2) return [];
  const owner = namespace ?? several[0]?.source.namespace;
  const guests = several.filter(({ source }) => source.namespace !== owner && isForOthers(source));
  const order = several.map(({ source }) => `${source.namespace}/${source.name}`).join(', then ');
  const said = several.flatMap(({ source }) => source.hosts.filter((each) => each.host === host));
  const all = several.flatMap((rule) =>
    rule.routes
      .filter(isForAll)
      .slice(0, 1)
      .map((route) => ({ rule, route })),
  );
  const first = all[0];
  return [
    ...guests
      .flatMap(({ source }) => said.filter((each) => each.origin.object === source.origin.object))
      .map((each) => diagnose('SLC0228', each.origin, `${host} is of namespace ${owner}, whose routes come first`)),
    ...said.map(({ origin }) => diagnose('SLC0224', origin, `routes for ${host} are those of ${order}`)),
    ...all.slice(1).map(({ route }) => {
      const winner = describeObject(first?.rule.source.origin.object ?? route.origin.object);
      return diagnose('SLC0222', route.origin, `never tried for ${host}: ${winner} takes every request before it`);
    }),
  ];
}
