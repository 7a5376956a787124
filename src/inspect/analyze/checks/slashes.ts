// Redirects that never end, and rewrites that leave two slashes or none.
import { fullHost } from '../../../crds/values/host.ts';
import { everything } from '../../../crds/virtual-service/match.ts';
import type { HttpRule } from '../../../crds/virtual-service/route.ts';
import type { VirtualService } from '../../../crds/virtual-service/virtual-service.ts';
import { at, type Origin } from '../../../model/origin.ts';
import type { HttpMatch, Redirect } from '../../../model/route.ts';
import type { Finder } from '../facts.ts';
import { coversPath, isPathAlone } from './covering.ts';

const matchesOf = ({ matches, origin }: HttpRule): readonly HttpMatch[] => matches ?? [everything(origin)];

/** The path that a request of this match is sent to; as a match, since some of it may stay open. */
function nextPath({ path }: Redirect, match: HttpMatch): HttpMatch {
  if (path === null) return match;
  return { ...match, path: { kind: path.kind === 'whole' ? 'exact' : 'prefix', text: path.text }, ignoreCase: false };
}

/** Whether a redirected request meets `rule` before any other route that is sure to take it. */
function comesBack(rules: readonly HttpRule[], rule: HttpRule, next: HttpMatch): boolean {
  const first = rules.find((each) => matchesOf(each).some((match) => isPathAlone(match) && coversPath(match, next)));
  if (first === rule) return true;
  return (first === undefined || rules.indexOf(rule) < rules.indexOf(first)) && takes(rule, next);
}

/** The client says the same again, so what else its request had to have it has. */
const takes = (rule: HttpRule, next: HttpMatch): boolean =>
  matchesOf(rule).some((match) => match.headers === next.headers && coversPath(match, next));

function isToItself({ hosts, namespace }: VirtualService, { authority, scheme, port }: Redirect): boolean {
  const same = authority === null || hosts.some(({ host }) => host === fullHost(authority, namespace));
  return scheme === null && port === null && same;
}

export const redirectsToItself: Finder = function* ({ typed }) {
  for (const virtualService of typed.virtualServices) {
    for (const rule of virtualService.http) {
      const { action, origin } = rule;
      if (action.kind !== 'redirect' || !isToItself(virtualService, action)) continue;
      const back = matchesOf(rule).find((match) => comesBack(virtualService.http, rule, nextPath(action, match)));
      const where = action.path === null ? 'the same path' : `"${action.path.text}"`;
      const message = `${where} meets this route again, so the client is redirected for ever`;
      if (back !== undefined) yield { origin: at(origin, 'redirect'), message };
    }
  }
};

/** A prefix that is replaced, and where that is written. */
function replacement({
  action,
  forwarding,
  origin,
}: HttpRule): { readonly text: string; readonly origin: Origin } | null {
  const sentOn = action.kind === 'forward' || action.kind === 'delegate';
  const rewrite = sentOn ? (forwarding.rewrite?.path ?? null) : null;
  if (rewrite?.kind === 'uri') return { text: rewrite.uri, origin: at(origin, 'rewrite', 'uri') };
  if (action.kind !== 'redirect' || action.path?.kind !== 'prefix') return null;
  return { text: action.path.text, origin: at(origin, 'redirect', 'prefixRewrite') };
}

export const slashes: Finder = function* ({ typed }) {
  for (const rule of typed.virtualServices.flatMap(({ http }) => http)) {
    const replaced = replacement(rule);
    if (replaced === null) continue;
    for (const { path } of matchesOf(rule)) {
      if (path !== null && path.kind !== 'prefix') continue;
      const prefix = path?.text ?? '/';
      if (prefix.endsWith('/') === replaced.text.endsWith('/')) continue;
      const sample = `${prefix}${prefix.endsWith('/') ? '' : '/'}x`;
      const result = `${replaced.text}${sample.slice(prefix.length)}`;
      yield { origin: replaced.origin, message: `${sample} becomes ${result}` };
    }
  }
};
