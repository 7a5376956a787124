// Every folder in golden/ is a case: what `sluice inject` makes of its input.yaml is in output.yaml, what it says of it in
// diagnostics.txt. `make golden` writes both anew.
//
// A comment on top of an input may say what of each pod is printed, in place of everything that is written:
//   # show: metadata.labels, spec.initContainers.0.args      or `nothing`
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describePlace, locateDiagnostics } from '../../src/cli/diagnostics.ts';
import { formatYaml } from '../../src/cli/format-yaml.ts';
import { injectText } from '../../src/cli/inject/documents.ts';
import { namespacesIn } from '../../src/cli/inject/namespaces.ts';
import { usualMesh } from '../../src/inject/pod/mesh-settings.ts';
import { isObject, type JsonValue } from '../../src/lib/json.ts';
import { compare } from '../golden/compare.ts';

const root = join(import.meta.dirname, 'golden');

function injected(name: string, text: string) {
  const texts = [{ name, text }];
  const [written] = texts.map((each) =>
    injectText(each, { mesh: usualMesh, namespaceOf: namespacesIn(texts, 'default') }),
  );
  if (written === undefined) throw new Error('there is a text');
  const findings = locateDiagnostics(written.diagnostics, new Map());
  const said = findings.map((each) => `${each.severity} ${describePlace(each)}\n    ${each.message}\n`).join('');
  return { ...written, said, yaml: written.documents.map(({ json, text: own }) => own ?? formatYaml(json)) };
}

function at(value: JsonValue | undefined, [first, ...rest]: readonly string[]): JsonValue | undefined {
  if (first === undefined) return value;
  if (Array.isArray(value)) return at(value[Number(first)], rest);
  return isObject(value) ? at(value[first], rest) : undefined;
}

function shown(json: JsonValue, paths: readonly string[]): string {
  return formatYaml(Object.fromEntries(paths.map((path) => [path, at(json, path.split('.')) ?? null])));
}

describe('what is injected', () => {
  for (const input of globSync(join(root, '*/input.yaml')).sort()) {
    const folder = dirname(input);
    test(relative(root, folder).replaceAll('-', ' '), () => {
      const text = readFileSync(input, 'utf8');
      const [, show] = /^# show: (.*)$/m.exec(text) ?? [];
      const paths = show?.split(',').map((each) => each.trim());
      const { documents, yaml, said } = injected('input.yaml', text);
      const output = paths === undefined ? yaml : documents.map(({ json }) => shown(json, paths));
      compare(join(folder, 'output.yaml'), show === 'nothing' ? '' : output.join('---\n'));
      compare(join(folder, 'diagnostics.txt'), said);
      // who injects twice gets the same as once.
      const again = injected('again', yaml.join('---\n'));
      expect(again.documents.map(({ json }) => json)).toEqual(documents.map(({ json }) => json));
      expect(again.said).not.toMatch(/^error|SLC0803/m);
    });
  }
});
