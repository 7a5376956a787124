// Whether one match takes every request that another one is for.
import { deepEqual } from 'fast-equals';
import { type HttpMatch, matchesAll, type ParameterMatch, type TextMatch } from '../../../model/route.ts';

const anyText = ({ kind, text }: TextMatch): boolean => kind === 'regex' && text === '.*';

/** Whether every path that `narrow` matches is one for `wide`; where that cannot be told, it is not. */
export function coversPath(wide: HttpMatch, narrow: HttpMatch): boolean {
  if (wide.path === null || anyText(wide.path)) return true;
  if (wide.path.kind === 'prefix' && wide.path.text === '/') return true;
  if (narrow.path === null || (narrow.ignoreCase && !wide.ignoreCase)) return false;
  const [outer, inner] = wide.ignoreCase
    ? [wide.path.text.toLowerCase(), narrow.path.text.toLowerCase()]
    : [wide.path.text, narrow.path.text];
  if (wide.path.kind === 'prefix') return narrow.path.kind !== 'regex' && inner.startsWith(outer);
  return wide.path.kind === narrow.path.kind && inner === outer;
}

/** Each of the wide conditions is there in the narrow match too, or a stricter one. */
function coversAll<P extends ParameterMatch>(wide: readonly P[], narrow: readonly P[]): boolean {
  return wide.every((condition) =>
    narrow.some(
      (each) =>
        deepEqual(each, condition) ||
        (condition.value.kind === 'present' &&
          deepEqual({ ...each, value: null }, { ...condition, value: null }) &&
          !('negated' in each && each.negated)),
    ),
  );
}

type OfClient = Pick<HttpMatch, 'client'>;

/** Whether each client that `narrow` is for is one of `wide`. */
export function coversClients({ client: wide }: OfClient, { client: narrow }: OfClient): boolean {
  return (
    (wide.port === null || wide.port === narrow.port) &&
    [...wide.labels].every(([key, value]) => narrow.labels.get(key) === value) &&
    (wide.namespace === null || wide.namespace === narrow.namespace) &&
    (wide.gateways === null || deepEqual(wide.gateways, narrow.gateways))
  );
}

/** Whether every request that `narrow` matches is one for `wide`. */
export function covers(wide: HttpMatch, narrow: HttpMatch): boolean {
  return (
    coversPath(wide, narrow) &&
    coversAll(wide.headers, narrow.headers) &&
    coversAll(wide.parameters, narrow.parameters) &&
    coversClients(wide, narrow)
  );
}

/** Whether nothing but the path decides, and every client counts. */
export function isPathAlone({ headers, parameters, client }: HttpMatch): boolean {
  const everybody = client.port === null && client.labels.size === 0 && client.namespace === null;
  return headers.length === 0 && parameters.length === 0 && everybody && client.gateways === null;
}

/** Whether every request matches, whoever sends it. */
export function takesEverything(match: HttpMatch): boolean {
  return matchesAll(match) && isPathAlone(match);
}
