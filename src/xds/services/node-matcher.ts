// Which proxies a caller asks about: envoy.type.matcher.v3.NodeMatcher, as far as it can be answered without running a
// caller's regular expressions.
import { status } from '@grpc/grpc-js';
import { isObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import type { ProxyNode } from '../../model/proxy.ts';
import { CallRefusal } from './service.ts';

type NodeTest = (node: ProxyNode) => boolean;
type TextTest = (text: string) => boolean;

/** How many matchers a request may have, and how many conditions each. */
const mostMatchers = 100;

/**
 * A test from the matchers of a request, in proto3 JSON (lowerCamelCase): a proxy passes that one of them matches, and
 * every proxy where there are none. Throws CallRefusal for what is not answered.
 */
export function nodeTest(matchers: readonly JsonValue[]): NodeTest {
  if (matchers.length > mostMatchers) throw unsupported(`more than ${mostMatchers} node_matchers`);
  const tests = matchers.map(oneMatcher);
  return (node) => tests.length === 0 || tests.some((test) => test(node));
}

function oneMatcher(matcher: JsonValue): NodeTest {
  const { nodeId, nodeMetadatas } = fieldsOf(matcher);
  const id = nodeId === undefined ? () => true : textTest(nodeId);
  const list = Array.isArray(nodeMetadatas) ? nodeMetadatas : [];
  if (list.length > mostMatchers) throw unsupported(`more than ${mostMatchers} node_metadatas`);
  const metadata = list.map(metadataTest);
  return (node) => id(node.id) && metadata.every((test) => test(node));
}

/** Of a node's metadata what configuration depends on is kept, and can be asked for. */
export function nodeMetadata({ namespace, interception, portOffset }: ProxyNode): ReadonlyMap<string, string> {
  return new Map([
    ['NAMESPACE', namespace],
    ['INTERCEPTION_MODE', interception],
    ['PORT_OFFSET', String(portOffset)],
  ]);
}

function metadataTest(matcher: JsonValue): NodeTest {
  const { path, value } = fieldsOf(matcher);
  const keys = (Array.isArray(path) ? path : []).map((segment) => fieldsOf(segment)['key']);
  const [key] = keys;
  const { stringMatch, presentMatch, ...others } = fieldsOf(value ?? {});
  if (Object.keys(others).length > 0) throw unsupported('node_metadatas with another value than string_match');
  const matches = stringMatch === undefined ? null : textTest(stringMatch);
  return (node) => {
    const text = keys.length === 1 && typeof key === 'string' ? nodeMetadata(node).get(key) : undefined;
    if (matches === null) return (text !== undefined) === (presentMatch === true);
    return text !== undefined && matches(text);
  };
}

const textTests: { readonly [kind: string]: (pattern: string) => TextTest } = {
  exact: (pattern) => (text) => text === pattern,
  prefix: (pattern) => (text) => text.startsWith(pattern),
  suffix: (pattern) => (text) => text.endsWith(pattern),
  contains: (pattern) => (text) => text.includes(pattern),
};

/** envoy.type.matcher.v3.StringMatcher */
function textTest(matcher: JsonValue): TextTest {
  const { ignoreCase, ...patterns } = fieldsOf(matcher);
  const fold = (text: string): string => (ignoreCase === true ? text.toLowerCase() : text);
  for (const [kind, make] of Object.entries(textTests)) {
    const pattern = patterns[kind];
    if (typeof pattern !== 'string') continue;
    const test = make(fold(pattern));
    return (text) => test(fold(text));
  }
  throw unsupported('a matcher that is not exact, prefix, suffix or contains');
}

const fieldsOf = (value: JsonValue): JsonObject => (isObject(value) ? value : {});

function unsupported(what: string): CallRefusal {
  return new CallRefusal(status.INVALID_ARGUMENT, `${what} is not answered here`);
}
