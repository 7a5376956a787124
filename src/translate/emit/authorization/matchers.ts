// Conditions of a policy → envoy.config.rbac.v3.Permission and Principal. Patterns are made of escaped text alone.
import type { JsonObject } from '../../../lib/json.ts';
import type { Condition, TextMatch } from '../../../model/authorization.ts';
import type { Subnet } from '../../../model/service.ts';

/** Whether a condition is about what is called, or about who calls. */
export type Side = 'permission' | 'principal';
type Known = Exclude<Condition, { readonly kind: 'unknown' }>;

const any = (side: Side, items: readonly JsonObject[]): JsonObject => {
  const [first] = items;
  if (items.length === 1 && first !== undefined) return first;
  return side === 'permission' ? { or_rules: { rules: items } } : { or_ids: { ids: items } };
};

const none = (side: Side, item: JsonObject): JsonObject =>
  side === 'permission' ? { not_rule: item } : { not_id: item };

const signs = new Set('!"#$%&\'()*+,.:;<=>?@[\\]^`{|}~');

/** RE2: a sign after a backslash stands for itself, and letters, digits and what is not ASCII do so anyway. */
const escaped = (text: string): string => [...text].map((each) => (signs.has(each) ? `\\${each}` : each)).join('');

const regex = (pattern: string): JsonObject => ({ safe_regex: { regex: pattern } });

function stringMatch(match: TextMatch): JsonObject {
  return match.kind === 'present' ? regex('.+') : { [match.kind]: match.text };
}

function headerMatch(name: string, match: TextMatch): JsonObject {
  if (match.kind === 'present') return { header: { name, present_match: true } };
  return { header: { name, string_match: { [match.kind]: match.text } } };
}

/** A host is the same in any case, with a port or without, and with the dot that ends a full name. */
function hostMatch(match: TextMatch): JsonObject {
  if (match.kind === 'present') return { header: { name: ':authority', present_match: true } };
  const { kind, text } = match;
  const ported = text.includes(':');
  const string_match =
    kind === 'prefix' || ported
      ? { [kind]: text, ignore_case: true }
      : regex(`(?i)${kind === 'suffix' ? '.*' : ''}${escaped(text)}\\.?(:[0-9]+)?`);
  return { header: { name: ':authority', string_match } };
}

function pathMatch(match: TextMatch): JsonObject {
  if (match.kind !== 'template') return { url_path: { path: stringMatch(match) } };
  const type = 'type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig';
  return { uri_template: { name: 'uri-template', typed_config: { '@type': type, path_template: match.text } } };
}

const scheme = 'spiffe://';
const segment = '[^/]+';

/** A segment of an identity; `present`: whatever it is. */
function part(match: TextMatch): string {
  if (match.kind === 'present') return segment;
  const text = escaped(match.text);
  return match.kind === 'prefix' ? `${text}[^/]*` : match.kind === 'suffix' ? `[^/]*${text}` : text;
}

const identity = (trustDomain: string, namespace: string, account: string): string =>
  `${escaped(scheme)}${trustDomain}/ns/${namespace}/sa/${account}`;

function accountPattern(match: TextMatch): string {
  if (match.kind === 'present') return identity(segment, segment, segment);
  const [namespace = '', account] = match.text.split('/');
  if (account === undefined) return identity(segment, segment, part(match));
  const fixed = (text: string): TextMatch => ({ kind: 'exact', text });
  return match.kind === 'suffix'
    ? identity(segment, part({ kind: 'suffix', text: namespace }), part(fixed(account)))
    : identity(segment, part(fixed(namespace)), part({ ...match, text: account }));
}

/** The whole identity is compared, so that what is in one part of it cannot pass for another. */
const callers = {
  principal: (match) => {
    if (match.kind === 'exact' || match.kind === 'prefix') return { [match.kind]: scheme + match.text };
    return regex(`${escaped(scheme)}.*${match.kind === 'present' ? '.' : escaped(match.text)}`);
  },
  namespace: (match) => regex(identity(segment, part(match), segment)),
  'service-account': (match) => regex(accountPattern(match)),
  'trust-domain': (match) => regex(identity(part(match), segment, segment)),
} as const satisfies Readonly<Record<string, (match: TextMatch) => JsonObject>>;

const cidr = ({ address, length }: Subnet): JsonObject => ({ address_prefix: address, prefix_len: length });
const addressField = { peer: 'direct_remote_ip', remote: 'remote_ip', destination: 'destination_ip' } as const;

function itemsOf(condition: Known): readonly JsonObject[] {
  switch (condition.kind) {
    case 'host':
      return condition.texts.map(hostMatch);
    case 'method':
      return condition.texts.map((text) => headerMatch(':method', text));
    case 'path':
      return condition.texts.map(pathMatch);
    case 'header':
      return condition.texts.map((text) => headerMatch(condition.name, text));
    case 'server-name':
      return condition.texts.map((text) => ({ requested_server_name: stringMatch(text) }));
    case 'address':
      return condition.ranges.map((range) => ({ [addressField[condition.of]]: cidr(range) }));
    case 'port':
      return condition.ports.map((port) => ({ destination_port: port }));
    default:
      return condition.texts.map((text) => ({ authenticated: { principal_name: callers[condition.kind](text) } }));
  }
}

/** Which of the two parts of Envoy's policy a condition belongs to. */
export function sideOf(condition: Known): Side {
  const called = ['host', 'method', 'path', 'port', 'server-name'].includes(condition.kind);
  return called || (condition.kind === 'address' && condition.of === 'destination') ? 'permission' : 'principal';
}

export function emitCondition(condition: Known): JsonObject {
  const side = sideOf(condition);
  const item = any(side, itemsOf(condition));
  return condition.not ? none(side, item) : item;
}
