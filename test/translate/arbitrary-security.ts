// Objects of security.istio.io, for runs of changes.
import fc from 'fast-check';
import type { JsonObject } from '../../src/lib/json.ts';
import type { SourceObject } from '../../src/model/object.ts';
import { sourceObject } from './objects.ts';

const selector = fc.constantFrom<JsonObject>({}, { selector: { matchLabels: { version: 'v1' } } });
const mode = fc.constantFrom('STRICT', 'PERMISSIVE', 'DISABLE', 'UNSET', 'WRONG');

const peers = fc
  .record({ selector, mode, port: fc.constantFrom('80', '81', 'x'), portMode: mode })
  .map(({ selector: chosen, mode: whole, port, portMode }): readonly [kind: string, spec: JsonObject] => [
    'PeerAuthentication',
    { ...chosen, mtls: { mode: whole }, portLevelMtls: { [port]: { mode: portMode } } },
  ]);

const rule = fc.constantFrom<JsonObject>(
  {},
  { from: [{ source: { principals: ['cluster.local/ns/default/sa/x'] } }] },
  { from: [{ source: { notNamespaces: ['other'] } }], to: [{ operation: { ports: ['80'] } }] },
  { to: [{ operation: { paths: ['/admin*'], notMethods: ['GET'] } }] },
  { when: [{ key: 'request.headers[x]', values: ['y'] }] },
  { from: [{ source: { nobody: ['x'] } }] },
);
const policy = fc
  .record({
    selector,
    action: fc.constantFrom('ALLOW', 'DENY', 'AUDIT', 'CUSTOM', 'WRONG'),
    rules: fc.array(rule, { maxLength: 2 }),
  })
  .map(({ selector: chosen, action, rules }): readonly [kind: string, spec: JsonObject] => [
    'AuthorizationPolicy',
    { ...chosen, action, rules },
  ]);

/** A PeerAuthentication or an AuthorizationPolicy. */
export const securityObject = (namespaces: readonly string[]): fc.Arbitrary<SourceObject> =>
  fc
    .record({
      name: fc.constantFrom('a', 'b'),
      namespace: fc.constantFrom(...namespaces),
      made: fc.oneof(peers, policy),
    })
    .map(({ name, namespace, made: [kind, spec] }) =>
      sourceObject({ apiVersion: 'security.istio.io/v1', kind, metadata: { name, namespace }, spec }),
    );
