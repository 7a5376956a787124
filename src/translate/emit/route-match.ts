// Which requests a route is for: envoy.config.route.v3.RouteMatch.
import type { JsonObject } from '../../lib/json.ts';
import type { HeaderMatch, HttpMatch, ParameterMatch, TextMatch, ValueMatch } from '../../model/route.ts';

/** envoy.type.matcher.v3.StringMatcher. */
export function stringMatch({ kind, text }: TextMatch): JsonObject {
  return kind === 'regex' ? { safe_regex: { regex: text } } : { [kind]: text };
}

function valueMatch(value: ValueMatch): JsonObject {
  return value.kind === 'present' ? { present_match: true } : { string_match: stringMatch(value) };
}

function headerMatch({ name, value, negated }: HeaderMatch): JsonObject {
  const missing = negated && value.kind !== 'present' && { treat_missing_header_as_empty: true };
  return { name, ...valueMatch(value), ...(negated && { invert_match: true }), ...missing };
}

const parameterMatch = ({ name, value }: ParameterMatch): JsonObject => ({ name, ...valueMatch(value) });

function pathMatch(path: TextMatch | null): JsonObject {
  if (path === null) return { prefix: '/' };
  if (path.kind === 'regex') return { safe_regex: { regex: path.text } };
  return path.kind === 'exact' ? { path: path.text } : { prefix: path.text };
}

export function emitMatch({ path, ignoreCase, headers, parameters }: HttpMatch): JsonObject {
  return {
    ...pathMatch(path),
    ...(path?.kind !== 'regex' && { case_sensitive: !ignoreCase }),
    ...(headers.length > 0 && { headers: headers.map(headerMatch) }),
    ...(parameters.length > 0 && { query_parameters: parameters.map(parameterMatch) }),
  };
}

/** The path, as traces name what is done there. */
export function pathOperation({ path }: HttpMatch): string {
  if (path === null) return '/*';
  return path.kind === 'prefix' ? `${path.text}*` : path.text;
}
