// How YAML is laid out says nothing: neither to Envoy, nor to the versions that decide what is sent again.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isMap, parseAllDocuments, visit } from 'yaml';
import { proxyNode } from '../../src/envoy/node.ts';
import { resourceKinds } from '../../src/envoy/types.ts';
import type { SourceObject } from '../../src/model/object.ts';
import { textSource } from '../../src/sources/text.ts';
import { Translator } from '../../src/translate/translator.ts';

const shared = join(import.meta.dirname, '../golden/shared');
const rule = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: shop, labels: {b: '2', a: '1'}}
spec:
  host: shop
  trafficPolicy:
    loadBalancer: {consistentHash: {httpCookie: {name: c, path: /, ttl: 1h, attributes: [{name: A, value: b}]}, maglev: {tableSize: 101}}}
  subsets:
  - {name: v1, labels: {app: shop, version: v1}, trafficPolicy: {loadBalancer: {simple: RANDOM}}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec:
  hosts: [shop, www.example.com]
  http:
  - match: [{headers: {b: {exact: '1'}, a: {}}, queryParams: {d: {}, c: {}}, sourceLabels: {version: v1, app: shop}}]
    headers: {request: {set: {y: '1', x: '2'}, add: {z: '3'}}}
    retries: {attempts: 1, perTryTimeout: 1s}
    route: [{destination: {host: shop, subset: v1}, weight: 1}, {weight: 3, destination: {host: shop}}]
`;
const text = `${readFileSync(join(shared, 'pods.yaml'), 'utf8')}---${rule}`;

/** Every version that a captured sidecar and one without capture get. */
async function versions(yaml: string): Promise<string> {
  const objects = new Map<SourceObject['id'], SourceObject>();
  const source = textSource('input.yaml', yaml);
  await source.start(({ changes, diagnostics }) => {
    expect(diagnostics).toEqual([]);
    for (const change of changes) if (change.kind === 'applied') objects.set(change.object.id, change.object);
  });
  const translator = new Translator({ allowLoopbackEndpoints: false });
  const { value: mesh } = translator.resolve(objects);
  const nodes = [proxyNode({ name: 'shop-a', ip: '10.1.0.1' }), proxyNode({ interception: 'NONE' })];
  return nodes
    .map((node) => translator.emit(mesh, translator.group(mesh, node)).value)
    .flatMap((resources) => resourceKinds.flatMap((kind) => [...resources[kind].values()]))
    .map(({ kind, name, version }) => `${kind} ${name} ${version}`)
    .join('\n');
}

/** The same objects, with the fields of every mapping and the documents in another order, laid out in another way. */
function relaid(random: (bound: number) => number, flow: boolean): string {
  const documents = parseAllDocuments(text);
  for (const document of documents) {
    visit(document, (_, node) => {
      if (!isMap(node)) return;
      node.items.sort(() => random(3) - 1);
      node.flow = flow && random(2) === 0;
    });
    document.commentBefore = ' a comment';
  }
  documents.sort(() => random(3) - 1);
  return documents
    .map((document) => document.toString({ indent: 2 + random(4), lineWidth: 20 + random(80) }))
    .join('---\n');
}

test('reordering and reformatting YAML changes no version of anything', async () => {
  const expected = await versions(text);
  expect(expected).toContain('outbound|80|v1|shop.default.svc.cluster.local');
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(fc.nat()), fc.boolean(), async (numbers, flow) => {
      const random = (bound: number): number => (numbers.next().value ?? 0) % bound;
      expect(await versions(relaid(random, flow))).toBe(expected);
    }),
    { numRuns: 50 },
  );
});
