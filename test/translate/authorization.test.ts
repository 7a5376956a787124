// AuthorizationPolicy: who is let in is who the policy names, whatever names are made of, and what cannot be told protects.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { proxyNode } from '../../src/envoy/node.ts';
import { isObject, type JsonObject, type JsonValue } from '../../src/lib/json.ts';
import { Translator } from '../../src/translate/translator.ts';
import { objectSet, pod, service, slice, sourceObject } from './objects.ts';

const ip = '10.0.0.1';
const ports = [{ name: '', port: 80 }];
const workload = [
  service({ name: 'web', ports }),
  slice({ service: 'web', addresses: [ip], ports }),
  pod('web', ip, {}),
];
const security = (kind: string, spec: JsonObject) =>
  sourceObject({ apiVersion: 'security.istio.io/v1', kind, metadata: { name: 'p', namespace: 'default' }, spec });

/** All objects that stand in a value, with those in them. */
function* within(value: JsonValue): Generator<JsonObject> {
  if (isObject(value)) yield value;
  if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) yield* within(each);
}

/** The virtualInbound listener of the workload's sidecar. */
function inbound(kind: string, spec: JsonObject): JsonObject {
  const translator = new Translator({ allowLoopbackEndpoints: false });
  const { value: mesh } = translator.resolve(objectSet([...workload, security(kind, spec)]));
  const group = translator.group(mesh, proxyNode({ name: 'web', ip }));
  return translator.emit(mesh, group).value.listener.get('virtualInbound')?.json ?? {};
}

/** Of the filter of this name every one that is there, in any chain. */
const filters = (listener: JsonObject, name: string): readonly JsonObject[] =>
  [...within(listener)].filter((each) => each['name'] === name);
const rulesOf = ({ typed_config: config }: JsonObject): JsonValue =>
  isObject(config) ? (config['rules'] ?? null) : null;

/** Envoy's StringMatcher, of those kinds that are used for identities. */
function isTaken(matcher: JsonObject, text: string): boolean {
  const { exact, prefix, suffix, contains } = matcher as Readonly<Record<string, string>>;
  if (exact !== undefined) return text === exact;
  if (prefix !== undefined) return text.startsWith(prefix);
  if (suffix !== undefined) return text.endsWith(suffix);
  if (contains !== undefined) return text.includes(contains);
  throw new Error(`unknown: ${JSON.stringify(matcher)}`);
}

const letters = fc.constantFrom('a', 'b', 'ns', 'sa', '1', '-');
/** Names of Kubernetes that could pass for parts of an identity. */
const name = fc.array(letters, { minLength: 1, maxLength: 3 }).map((all) => `x${all.join('')}y`);
const dotted = fc.array(name, { minLength: 1, maxLength: 2 }).map((all) => all.join('.'));

test('S-29: a namespace, an account and a trust domain let in who has them, and nobody else', () => {
  const case_ = fc.record({ namespace: name, account: dotted, domain: dotted });
  fc.assert(
    fc.property(case_, case_, (wanted, caller) => {
      const identity = `spiffe://${caller.domain}/ns/${caller.namespace}/sa/${caller.account}`;
      const sources: readonly (readonly [JsonObject, boolean])[] = [
        [{ namespaces: [wanted.namespace] }, caller.namespace === wanted.namespace],
        [
          { serviceAccounts: [`${wanted.namespace}/${wanted.account}`] },
          caller.namespace === wanted.namespace && caller.account === wanted.account,
        ],
        [{ trustDomains: [wanted.domain] }, caller.domain === wanted.domain],
        [
          { principals: [`${wanted.domain}/ns/${wanted.namespace}/sa/${wanted.account}`] },
          identity === `spiffe://${wanted.domain}/ns/${wanted.namespace}/sa/${wanted.account}`,
        ],
      ];
      for (const [source, expected] of sources) {
        const listener = inbound('AuthorizationPolicy', { rules: [{ from: [{ source }] }] });
        const [guard = {}] = filters(listener, 'envoy.filters.http.rbac');
        const found = [...within(rulesOf(guard))].find((each) => isObject(each['principal_name']));
        expect(isTaken((found?.['principal_name'] ?? {}) as JsonObject, identity)).toBe(expected);
      }
    }),
    { numRuns: 100 },
  );
});

test('S-29: a condition that nobody understands lets nobody in', () => {
  const listener = inbound('AuthorizationPolicy', { rules: [{ from: [{ source: { nobody: ['x'] } }] }] });
  const guards = filters(listener, 'envoy.filters.http.rbac');
  expect(guards.length).toBeGreaterThan(0);
  for (const guard of guards) expect(rulesOf(guard)).toEqual({ action: 'ALLOW', policies: {} });
});

test('S-29: an action that cannot be read denies everything', () => {
  const listener = inbound('AuthorizationPolicy', { action: 'DENNY', rules: [] });
  const everything = { permissions: [{ any: true }], principals: [{ any: true }] };
  const guards = filters(listener, 'envoy.filters.http.rbac');
  expect(guards.length).toBeGreaterThan(0);
  for (const guard of guards) {
    expect(rulesOf(guard)).toEqual({ action: 'DENY', policies: { 'ns[default]-policy[p]-rule[0]': everything } });
  }
});

test('S-29: a path that is denied closes connections of which no path is known', () => {
  const rules = [{ to: [{ operation: { paths: ['/admin'] } }] }];
  const listener = inbound('AuthorizationPolicy', { action: 'DENY', rules });
  const proxies = filters(listener, 'envoy.filters.network.tcp_proxy').map((each) => each['typed_config']);
  expect(proxies.length).toBeGreaterThan(1);
  for (const each of proxies) expect(each).toMatchObject({ cluster: 'BlackHoleCluster' });
});

test('S-29: a mode of mutual TLS that cannot be read is STRICT', () => {
  const matches = (spec: JsonObject) =>
    [...within(inbound('PeerAuthentication', spec))].flatMap((each) => each['transport_protocol'] ?? []);
  const strict = matches({ mtls: { mode: 'STRICT' } });
  expect(matches({ mtls: { mode: 'PERMISIVE' } })).toEqual(strict);
  expect(matches({ mtls: { mode: 'PERMISSIVE' } })).not.toEqual(strict);
});
