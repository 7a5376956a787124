// Whatever users write, translation never fails, says where what is wrong stands, and gives Envoy nothing that it refuses. The
// objects are made from the schemas; SCHEMA_SETS=5000 tries more of them than the usual 300.
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { locateDiagnostics } from '../../src/cli/diagnostics.ts';
import { proxyNode } from '../../src/envoy/node.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import type { ProxyNode } from '../../src/model/proxy.ts';
import { readOnce } from '../../src/sources/files.ts';
import { Translator } from '../../src/translate/translator.ts';
import { TestCa } from '../harness/certificates.ts';
import { objectsOf } from './arbitrary.ts';
import { readCrds } from './crds.ts';
import { type Pems, type Piece, piecesOf, refusedOf } from './envoy-verdict.ts';
import { cases } from './kinds.ts';
import { nodes } from './trial.ts';

const sets = Number(process.env['SCHEMA_SETS'] ?? 300);
const seed = Number(process.env['SCHEMA_SEED'] ?? 1);
/** As many go into one bootstrap. */
const batch = 400;
const text = 'generated.yaml';

const kinds = readCrds().flatMap((crd) => {
  const kindCase = cases[crd.kind];
  return kindCase === undefined ? [] : [[crd, kindCase] as const];
});
const clients: readonly ProxyNode[] = [...nodes, proxyNode({ interception: 'NONE', portOffset: 10_000 })];
const grpcClient = proxyNode({ generator: 'grpc' });
const neighbours = Object.values(cases).flatMap(({ objects }) => objects);

interface Translated {
  readonly pieces: readonly Piece[];
  /** What is wrong with what was said. */
  readonly faults: readonly string[];
}

async function translate(translator: Translator, objects: readonly JsonObject[]): Promise<Translated> {
  const yaml = [...neighbours, ...objects]
    .map((each) => stringify(each, { aliasDuplicateObjects: false }))
    .join('---\n');
  const read = await readOnce([join(import.meta.dirname, 'mesh.yaml')], { texts: [{ name: text, text: yaml }] });
  const { value: mesh, diagnostics } = translator.resolve(read.objects);
  const said: Diagnostic[] = [...read.diagnostics, ...diagnostics];
  const emit = (node: ProxyNode) => {
    const { value, diagnostics: emitted } = translator.emit(mesh, translator.group(mesh, node));
    said.push(...emitted);
    return value;
  };
  const pieces = clients.flatMap((node) => piecesOf(emit(node)));
  emit(grpcClient);
  const findings = locateDiagnostics(said, read.objects);
  const faults = findings
    .filter(({ code, file, line }) => code === 'SLC0502' || file === null || line === null)
    .map(({ code, path, message }) => `${code} ${path}: ${message}`);
  return { pieces, faults };
}

async function pems(): Promise<Pems> {
  const ca = await TestCa.create();
  const leaf = await ca.issue({});
  return { cert: leaf.cert, key: leaf.key, ca: ca.cert, crl: await ca.revoke([leaf]) };
}

test('what Envoy refuses is found among what it takes', async () => {
  const { pieces } = await translate(new Translator({ allowLoopbackEndpoints: false }), []);
  const [good] = pieces.filter(({ kind }) => kind === 'cluster');
  const bad: Piece = { kind: 'cluster', key: 'bad', json: { ...good?.json, connect_timeout: '-5s' } };
  const refused = await refusedOf([...pieces.slice(0, 5), bad, ...pieces.slice(5)], await pems());
  expect(refused.map(({ piece }) => piece.key)).toEqual(['bad']);
});

describe('objects made from the schemas', () => {
  test(`${sets} sets translate, with every diagnostic at its line, into what Envoy takes`, {
    timeout: 3_600_000,
  }, async () => {
    const translator = new Translator({ allowLoopbackEndpoints: false });
    const made = new Map<string, { readonly piece: Piece; readonly objects: readonly JsonObject[] }>();
    await fc.assert(
      fc.asyncProperty(objectsOf(kinds), async (objects) => {
        const { pieces, faults } = await translate(translator, objects);
        expect(faults).toEqual([]);
        for (const piece of pieces) if (!made.has(piece.key)) made.set(piece.key, { piece, objects });
      }),
      { numRuns: sets, seed },
    );
    const all = [...made.values()];
    const certificates = await pems();
    for (let start = 0; start < all.length; start += batch) {
      const refused = await refusedOf(
        all.slice(start, start + batch).map(({ piece }) => piece),
        certificates,
      );
      const reports = refused.map(({ piece, reason }) => ({ reason, objects: made.get(piece.key)?.objects, piece }));
      expect(JSON.stringify(reports, null, 1)).toBe('[]');
    }
    expect(all.length).toBeGreaterThan(sets / 2);
  });
});
