// Conditions of a policy → envoy.config.rbac.v3.Permission and Principal.
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

function stringMatch(match: TextMatch): JsonObject {
  return match.kind === 'present' ? { safe_regex: { regex: '.+' } } : { [match.kind]: match.text };
}

function headerMatch(name: string, match: TextMatch): JsonObject {
  if (match.kind === 'present') return { header: { name, present_match: true } };
  return { header: { name, string_match: { [match.kind]: match.text } } };
}

/** A host is the same in any case, with a port or without, and with the dot that ends a full name. */
function hostMatches(match: TextMatch): readonly JsonObject[] {
  if (match.kind === 'present') return [headerMatch(':authority', match)];
  const { kind, text } = match;
  const ported = kind === 'suffix' ? 'contains' : 'prefix';
  const forms =
    kind === 'prefix' || text.includes(':')
      ? [{ [kind]: text }]
      : [{ [kind]: text }, { [kind]: `${text}.` }, { [ported]: `${text}:` }, { [ported]: `${text}.:` }];
  return forms.map((form) => ({ header: { name: ':authority', string_match: { ...form, ignore_case: true } } }));
}

function pathMatch(match: TextMatch): JsonObject {
  if (match.kind !== 'template') return { url_path: { path: stringMatch(match) } };
  const type = 'type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig';
  return { uri_template: { name: 'uri-template', typed_config: { '@type': type, path_template: match.text } } };
}

const scheme = 'spiffe://';
const anyone: JsonObject = { prefix: scheme };

/** Of a text that is one part of an identity: what stands before it and after it. */
function partMatch(match: TextMatch, before: string, after: string): JsonObject {
  if (match.kind === 'present') return anyone;
  const { kind, text } = match;
  return { contains: `${kind === 'suffix' ? '' : before}${text}${kind === 'prefix' ? '' : after}` };
}

/** `namespace/name`, or a name in any namespace. */
function accountMatch(match: TextMatch): JsonObject {
  if (match.kind === 'present') return anyone;
  const text = match.text.replace('/', '/sa/');
  const before = match.kind === 'suffix' ? '' : text === match.text ? '/sa/' : '/ns/';
  return { [match.kind === 'prefix' ? 'contains' : 'suffix']: before + text };
}

/**
 * An identity is spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/NAME, and no part has a slash: what stands beside a text in it tells
 * which part it is. There are no patterns, whose size Envoy limits.
 */
const callers = {
  principal: (match) => {
    if (match.kind === 'present') return anyone;
    return { [match.kind]: match.kind === 'suffix' ? match.text : scheme + match.text };
  },
  namespace: (match) => partMatch(match, '/ns/', '/sa/'),
  'service-account': accountMatch,
  'trust-domain': (match) => {
    if (match.kind === 'present' || match.kind === 'suffix') return partMatch(match, '', '/ns/');
    return { prefix: `${scheme}${match.text}${match.kind === 'prefix' ? '' : '/'}` };
  },
} as const satisfies Readonly<Record<string, (match: TextMatch) => JsonObject>>;

const cidr = ({ address, length }: Subnet): JsonObject => ({ address_prefix: address, prefix_len: length });
const addressField = { peer: 'direct_remote_ip', remote: 'remote_ip', destination: 'destination_ip' } as const;

function itemsOf(condition: Known): readonly JsonObject[] {
  switch (condition.kind) {
    case 'host':
      return condition.texts.flatMap(hostMatches);
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
