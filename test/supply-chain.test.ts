// What comes from others: pinned, checked by what it holds, and run by nobody while it is installed.
import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Locked {
  readonly integrity?: string;
  readonly optional?: boolean;
}

const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;
const { packages } = readJson<{ readonly packages: Readonly<Record<string, Locked>> }>('package-lock.json');
const locked = Object.entries(packages).filter(([path]) => path !== '');

test('S-50: every package is pinned, locked with what it holds, and may not run anything while it is installed', () => {
  const manifest = readJson<Record<'dependencies' | 'devDependencies', Record<string, string>>>('package.json');
  const asked = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(asked.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
  // Those for other machines are not fetched here.
  const unchecked = locked.filter(
    ([, { integrity, optional }]) => optional !== true && !integrity?.startsWith('sha512-'),
  );
  expect(unchecked.map(([path]) => path)).toEqual([]);
  expect(readFileSync('.npmrc', 'utf8')).toMatch(/^ignore-scripts=true$/m);
});

test('S-50: what is installed by another package manager is locked by hashes', () => {
  for (const path of globSync('{proto,bench,test}/**/requirements.txt')) {
    const text = readFileSync(path, 'utf8');
    const [names, hashes] = [text.match(/^[\w.-]+==\S+/gm) ?? [], text.match(/--hash=sha256:[0-9a-f]{64}/g) ?? []];
    expect([path, names.length > 0, hashes.length >= names.length]).toEqual([path, true, true]);
  }
  for (const path of globSync('{bench,test}/**/go.mod')) {
    expect(readFileSync(path.replace(/mod$/, 'sum'), 'utf8').trim()).not.toBe('');
  }
});

test('S-50: no text becomes code, and what is loaded is known beforehand', () => {
  const forbidden = /\beval\(|\bnew Function\b|\bvm\.|\brequire\(|\bimport\((?!['"])/;
  const found = [...globSync('src/**/*.ts'), ...globSync('bin/*')].flatMap((path) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .flatMap((line, index) => (forbidden.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );
  expect(found).toEqual([]);
});
