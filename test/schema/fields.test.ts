// Every field that Istio's users can write does something, or they are told that it does not. docs/istio-fields.md says which;
// `make golden` writes it anew.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, describe as group, test } from 'vitest';
import type { JsonObject } from '../../src/lib/json.ts';
import { Translator } from '../../src/translate/translator.ts';
import { objectSet, sourceObject } from '../translate/objects.ts';
import { readCrds } from './crds.ts';
import { cases, unread } from './kinds.ts';
import { describe, leavesOf } from './leaves.ts';
import { type KindReport, page, reasonOf } from './page.ts';
import { readMesh, Trials } from './trial.ts';

const file = join(import.meta.dirname, '../../docs/istio-fields.md');
const crds = readCrds();
const mesh = await readMesh();

const reports: readonly KindReport[] = crds.map((crd): KindReport => {
  const { kind, apiVersion, schema } = crd;
  const kindCase = cases[kind];
  if (kindCase === undefined) return { kind, apiVersion, read: null, reason: unread[kind] ?? '' };
  const trials = new Trials(crd, kindCase, mesh);
  const tried = leavesOf(schema).map((leaf) => ({ leaf, outcome: trials.outcome(leaf) }));
  return { kind, apiVersion, read: { kindCase, tried }, reason: '' };
});

function codesFor(apiVersion: string, kind: string): readonly string[] {
  const object = sourceObject({ apiVersion, kind, metadata: { name: 'x' }, spec: {} } as JsonObject);
  const { diagnostics } = new Translator({ allowLoopbackEndpoints: false }).resolve(objectSet([object]));
  return diagnostics.map(({ code }) => code);
}

group('the fields of Istio’s kinds', () => {
  for (const { kind, apiVersion, read, reason } of reports) {
    if (read === null) {
      test(`${kind}: is not read yet, and says so`, () => {
        expect(reason, `a new kind: it needs a case in kinds/, or a reason in kinds.ts`).not.toBe('');
        expect(codesFor(apiVersion, kind), 'it is read now: it needs a case in kinds/').toEqual([
          expect.stringMatching(/SLC0005|SLC0108/),
        ]);
      });
      continue;
    }
    test(`${kind}: every field works, or says that it does not`, () => {
      const silent = read.tried.flatMap(({ leaf, outcome }) =>
        outcome.kind === 'silent' ? [`${describe(leaf.path)} = ${outcome.why}`] : [],
      );
      expect(silent, 'these do nothing, or need a context in kinds/').toEqual([]);
    });

    test(`${kind}: there is a reason for what has no effect, and for nothing else`, () => {
      const { kindCase, tried } = read;
      const useless = tried.filter(({ outcome }) => outcome.kind === 'said');
      const used = new Set(useless.map((each) => reasonOf(each, kindCase)));
      expect(
        useless.filter((each) => reasonOf(each, kindCase) === undefined).map(({ leaf }) => describe(leaf.path)),
      ).toEqual([]);
      expect(Object.values(kindCase.reasons).filter((reason) => !used.has(reason))).toEqual([]);
    });

    test(`${kind}: no context is for a field that is not there`, () => {
      const { kindCase, tried } = read;
      const paths = tried.map(({ leaf }) => describe(leaf.path));
      const begins = (path: string, part: string): boolean =>
        path === part || path.startsWith(`${part}.`) || path.startsWith(`${part}[]`);
      const known = (part: string): boolean => part === '' || paths.some((path) => begins(path, part));
      const unknown = kindCase.contexts.map((context) => context.for).filter((part) => !known(part));
      expect(unknown).toEqual([]);
    });
  }

  test('no table names a kind that is not there', () => {
    const kinds = new Set(crds.map(({ kind }) => kind));
    expect([...Object.keys(cases), ...Object.keys(unread)].filter((kind) => !kinds.has(kind))).toEqual([]);
    expect(Object.keys(unread).filter((kind) => kind in cases)).toEqual([]);
  });

  test('docs/istio-fields.md says what the trials have shown', () => {
    const text = page(reports);
    if (process.env['GOLDEN'] === 'write') {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    expect(readFileSync(file, 'utf8')).toBe(text);
  });
});
