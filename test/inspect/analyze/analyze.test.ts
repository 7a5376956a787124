// Every check of `sluice analyze` has a folder by its code, with inputs that it finds fault with (`triggers-….yaml`) and
// inputs that just do not (`quiet-….yaml`). What is said of the former, by any check, is in the .txt beside it, which
// `GOLDEN=write` writes anew. `# with: shop` on top of an input adds files of test/golden/shared.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describePlace, type Finding, locateDiagnostics } from '../../../src/cli/diagnostics.ts';
import { analyze } from '../../../src/inspect/analyze/analyze.ts';
import { checks } from '../../../src/inspect/analyze/checks.ts';
import type { ObjectSet } from '../../../src/model/object.ts';
import { readOnce } from '../../../src/sources/files.ts';
import { Translator } from '../../../src/translate/translator.ts';

const root = import.meta.dirname;
const shared = join(root, '../../golden/shared');
const writing = process.env['GOLDEN'] === 'write';

type Order = (objects: ObjectSet) => ObjectSet;
const reversed: Order = (objects) => new Map([...objects].reverse());

/** What is found in a file, beside that which translation alone has to say. */
async function findingsIn(file: string, order: Order = (objects) => objects): Promise<readonly Finding[]> {
  const [, names = ''] = readFileSync(file, 'utf8').match(/^# with: (.*)$/m) ?? [];
  const others = names.split(', ').filter((name) => name !== '');
  const { objects: read, diagnostics } = await readOnce([file, ...others.map((name) => join(shared, `${name}.yaml`))]);
  const objects = order(read);
  const translator = new Translator({ allowLoopbackEndpoints: true });
  const { value: mesh, diagnostics: resolved } = translator.resolve(objects);
  return locateDiagnostics([...diagnostics, ...resolved, ...analyze(objects, mesh)], objects);
}

function textOf(findings: readonly Finding[]): string {
  const lines = findings.map((finding) => {
    const place = describePlace({ ...finding, file: finding.file && basename(finding.file) });
    return `${finding.severity} ${place}\n    ${finding.message}\n`;
  });
  return lines.join('');
}

describe.each(Object.keys(checks))('%s', (code) => {
  const files = (kind: string): readonly string[] => globSync(`${kind}-*.yaml`, { cwd: join(root, code) }).sort();
  const cases = { triggers: files('triggers'), quiet: files('quiet') };

  test('has cases of both kinds', () => {
    expect(cases.triggers.length, 'triggers-….yaml').toBeGreaterThan(0);
    expect(cases.quiet.length, 'quiet-….yaml').toBeGreaterThan(0);
  });

  test.each(cases.triggers)('%s', async (name) => {
    const findings = await findingsIn(join(root, code, name));
    const expected = join(root, code, name.replace(/\.yaml$/, '.txt'));
    expect(findings.map((finding) => finding.code)).toContain(code);
    if (writing) writeFileSync(expected, textOf(findings));
    else expect(textOf(findings)).toBe(readFileSync(expected, 'utf8'));
    // The order of the objects changes nothing.
    expect(await findingsIn(join(root, code, name), reversed)).toEqual(findings);
  });

  test.each(cases.quiet)('%s', async (name) => {
    const findings = await findingsIn(join(root, code, name));
    expect(textOf(findings.filter((finding) => finding.code === code))).toBe('');
  });
});

test('every folder is that of a check', () => {
  const folders = globSync('SLC*', { cwd: root });
  expect(folders.filter((name) => !(name in checks))).toEqual([]);
});
