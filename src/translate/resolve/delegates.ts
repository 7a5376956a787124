// Routes that a VirtualService leaves to others are put in their place.

import { everything } from '../../crds/virtual-service/match.ts';
import type { Delegate, HttpRule } from '../../crds/virtual-service/route.ts';
import type { VirtualService } from '../../crds/virtual-service/virtual-service.ts';
import type { LastCalls } from '../../lib/last-calls.ts';
import { type Diagnostic, diagnose, type Outcome } from '../../model/diagnostic.ts';
import type { ObjectId } from '../../model/object.ts';
import { at } from '../../model/origin.ts';
import type { HttpMatch, HttpRoute } from '../../model/route.ts';
import { mergeMatches } from './delegated-match.ts';

/** A VirtualService with all the routes that it comes to. */
export interface RoutingRule {
  readonly source: VirtualService;
  readonly routes: readonly HttpRoute[];
}

export type DelegateCalls = LastCalls<ObjectId, Outcome<RoutingRule>>;
type ByName = ReadonlyMap<string, VirtualService>;

function named({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}

function matchesOf({ matches, origin }: HttpRule): readonly HttpMatch[] {
  return matches ?? [everything(origin)];
}

/** A route as it stands; one that delegates is never asked for here. */
function routeOf(rule: HttpRule, matches: readonly HttpMatch[]): HttpRoute {
  const { name, action, forwarding, fault, cors, headers, origin } = rule;
  const extras = { name, matches, fault, cors, headers, origin };
  if (action.kind === 'delegate') return { ...extras, action: { kind: 'invalid' } };
  return { ...extras, action: action.kind === 'forward' ? { ...action, ...forwarding } : action };
}

/** The delegate's own values win, the root's fill what it leaves unset. */
function filled(root: HttpRule, own: HttpRule): HttpRule {
  return {
    ...own,
    name: [root.name, own.name].filter(Boolean).join('-'),
    fault: own.fault ?? root.fault,
    cors: own.cors ?? root.cors,
    headers: own.headers ?? root.headers,
    forwarding: {
      rewrite: own.forwarding.rewrite ?? root.forwarding.rewrite,
      timeout: own.forwarding.timeout ?? root.forwarding.timeout,
      retries: own.forwarding.retries ?? root.forwarding.retries,
      mirrors: own.forwarding.mirrors.length > 0 ? own.forwarding.mirrors : root.forwarding.mirrors,
    },
  };
}

/** Why it may not be delegated to; null: it may. */
function refusal(delegate: VirtualService | undefined, wanted: Delegate, root: VirtualService): string | null {
  const name = `VirtualService ${named(wanted)}`;
  if (delegate === undefined) return `there is no ${name}`;
  if (delegate.hosts.length > 0) return `${name} has hosts of its own, so nobody can delegate to it`;
  const visible = delegate.exportTo.has('*') || delegate.exportTo.has(root.namespace);
  return visible ? null : `${name} is not exported to namespace ${root.namespace}`;
}

/** The routes of a delegate, each for what both matches ask for. */
function delegated(rule: HttpRule, delegate: VirtualService, diagnostics: Diagnostic[]): readonly HttpRoute[] {
  return delegate.http.flatMap((own) => {
    if (own.action.kind === 'delegate') {
      const message = 'what is delegated to cannot delegate further; such requests are answered with 503';
      diagnostics.push(diagnose('SLC0226', at(own.origin, 'delegate'), message));
    }
    const { value: matches, conflicts } = mergeMatches(rule.matches, own.matches, own.origin);
    for (const origin of conflicts) {
      const message = 'contradicts the match of the route that delegates here, so no request can meet both; left out';
      diagnostics.push(diagnose('SLC0226', origin, message));
    }
    return matches.length === 0 ? [] : [routeOf(filled(rule, own), matches)];
  });
}

function routesOf(root: VirtualService, byName: ByName): Outcome<RoutingRule> {
  const diagnostics: Diagnostic[] = [];
  const routes = root.http.flatMap((rule) => {
    if (rule.action.kind !== 'delegate') return [routeOf(rule, matchesOf(rule))];
    const delegate = byName.get(named(rule.action));
    const why = refusal(delegate, rule.action, root);
    if (delegate !== undefined && why === null) return delegated(rule, delegate, diagnostics);
    diagnostics.push(diagnose('SLC0226', at(rule.origin, 'delegate'), `${why}; its requests are answered with 503`));
    return [routeOf(rule, matchesOf(rule))];
  });
  return { value: { source: root, routes: routes.filter(({ matches }) => matches.length > 0) }, diagnostics };
}

const delegatesOf = ({ http }: VirtualService): readonly Delegate[] =>
  http.flatMap(({ action }) => (action.kind === 'delegate' ? [action] : []));

function idle({ origin }: VirtualService): Diagnostic {
  const message = 'it has no hosts, and no VirtualService delegates to it, so it applies to nothing';
  return diagnose('SLC0226', at(origin, 'metadata', 'name'), message);
}

/** All VirtualServices that have hosts, with their delegates' routes in place. */
export function resolveDelegates(
  virtualServices: readonly VirtualService[],
  calls: DelegateCalls,
): Outcome<readonly RoutingRule[]> {
  const byName = new Map(virtualServices.map((each) => [named(each), each] as const));
  const roots = virtualServices.filter(({ hosts }) => hosts.length > 0);
  const used = new Set(roots.flatMap((root) => delegatesOf(root).map(named)));
  const outcomes = roots.map((root) => {
    const inputs = [root, ...delegatesOf(root).map((each) => byName.get(named(each)))];
    return calls.run(root.origin.object, inputs, () => routesOf(root, byName));
  });
  calls.endRound();
  const unused = virtualServices.filter((each) => each.hosts.length === 0 && !used.has(named(each)));
  return {
    value: outcomes.map(({ value }) => value),
    diagnostics: [...outcomes.flatMap(({ diagnostics }) => diagnostics), ...unused.map(idle)],
  };
}
