// The rules of the house that no compiler knows: who may import whom, what is pure, and how large a file may be.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type BuildResult, build, type Metafile, type Plugin } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import { diagnosticCodes } from '../src/model/diagnostic-codes.ts';

/** Besides itself, a folder may import these. The table of ARCHITECTURE.md; `*` is everything. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  model: ['lib'],
  envoy: ['lib', 'model'],
  crds: ['lib', 'model'],
  kube: ['lib', 'model'],
  sources: ['lib', 'model', 'crds', 'kube'],
  'translate/resolve': ['lib', 'model', 'crds'],
  addresses: ['lib', 'model', 'crds'],
  'translate/emit': ['lib', 'model', 'envoy'],
  translate: ['lib', 'model', 'crds', 'envoy', 'translate/resolve', 'translate/emit'],
  xds: ['lib', 'model', 'envoy'],
  inspect: ['lib', 'model', 'crds', 'envoy', 'translate', 'translate/resolve', 'translate/emit'],
  identity: ['lib', 'model', 'kube'],
  status: ['lib', 'model', 'kube'],
  inject: ['lib', 'model', 'crds', 'envoy', 'identity'],
  node: ['lib', 'model', 'addresses'],
  dashboard: ['lib', 'model', 'inspect'],
  cli: ['*'],
  'main.ts': ['*'],
  'control-plane.ts': ['*'],
  'proxies.ts': ['*'],
};

/** What these folders do depends on their arguments alone. */
const pure = ['lib', 'model', 'envoy', 'crds', 'translate', 'translate/resolve', 'translate/emit', 'inspect'];

/** Each with its reason. */
const allowedImpurity: Readonly<Record<string, readonly string[]>> = {
  // When a batch runs is a matter of time.
  'src/lib/batches.ts': ['performance', 'setTimeout', 'clearTimeout', 'setImmediate'],
  // So is when a slice of work ends.
  'src/lib/slices.ts': ['performance', 'setImmediate'],
  // And when something is forgotten.
  'src/lib/recent.ts': ['setInterval', 'clearInterval'],
  // A content hash is a pure function.
  'src/envoy/resource.ts': ['node:crypto'],
};

/** Globals that make the same call give different results. */
const impureGlobals = [
  ...['process', 'performance', 'Date', 'Math.random', 'crypto', 'fetch', 'console', 'globalThis'],
  ...['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'queueMicrotask'],
];
const pureMembers = ['Date.parse', 'Date.UTC'];

/** Start-up loads no package but the one that reads the command line. */
const packagesAtStart = ['commander'];

interface Import {
  readonly path: string;
  /** Whether loading the file loads this too; not so for types and for `import()`. */
  readonly atOnce: boolean;
}
interface SourceFile {
  readonly imports: readonly Import[];
  readonly globals: readonly string[];
}

const files = new Map<string, SourceFile>();

beforeAll(async () => {
  for (const [path, file] of await readSources(globSync('src/**/*.ts').sort())) files.set(path, file);
});

test('every import is one that the table of folders allows', () => {
  const wrong = everyImport().flatMap(([from, { path }]) => {
    if (!path.startsWith('src/')) return allowedOutside(from, path) ? [] : [`${from} imports ${path}, outside src`];
    const [importer, imported] = [folderOf(from), folderOf(path)];
    const allowed = mayImport[importer];
    if (allowed === undefined) return [`${from} is in a folder that the table does not have`];
    if (importer === imported || allowed.includes('*') || allowed.includes(imported)) return [];
    return [`${from} imports ${path}: ${importer} may not import ${imported}`];
  });
  expect(wrong).toEqual([]);
});

test('pure folders read no clock, no randomness, no process, and import nothing of Node', () => {
  const wrong = [...files].flatMap(([path, { imports, globals }]) => {
    if (!pure.includes(folderOf(path))) return [];
    const used = [...globals, ...imports.map((each) => each.path).filter((name) => name.startsWith('node:'))];
    return used.filter((name) => !allowedImpurity[path]?.includes(name)).map((name) => `${path} uses ${name}`);
  });
  expect(wrong).toEqual([]);
});

test('every exception to purity is still needed', () => {
  const unused = Object.entries(allowedImpurity).flatMap(([path, names]) => {
    const file = files.get(path);
    const used = [...(file?.globals ?? []), ...(file?.imports.map((each) => each.path) ?? [])];
    return names.filter((name) => !used.includes(name)).map((name) => `${path} does not use ${name}`);
  });
  expect(unused).toEqual([]);
});

test('no files import each other in a circle', () => {
  expect(circles()).toEqual([]);
});

test('start-up loads neither gRPC nor protobuf nor YAML: commands bring them when they run', () => {
  const loaded = new Set<string>(['src/main.ts']);
  const packages: string[] = [];
  for (const path of loaded) {
    for (const each of files.get(path)?.imports ?? []) {
      if (!each.atOnce) continue;
      if (each.path.startsWith('src/')) loaded.add(each.path);
      else if (!each.path.includes(':') && !each.path.endsWith('.json')) packages.push(each.path);
    }
  }
  expect([...new Set(packages)]).toEqual(packagesAtStart);
});

test('no file has more than 300 lines', () => {
  const long = globSync('{src,test,bench,scripts,proto}/**/*.{ts,tsx,js,mjs,py,sh}')
    .filter((path) => !path.startsWith('proto/generated/'))
    .map((path) => ({ path, lines: readFileSync(path, 'utf8').split('\n').length - 1 }))
    .filter(({ lines }) => lines > 300)
    .map(({ path, lines }) => `${path} has ${lines} lines`);
  expect(long).toEqual([]);
});

test('every diagnostic code has a case that shows it', () => {
  const cases = globSync([
    'test/{golden,inject}/**/diagnostics.txt',
    'test/inspect/analyze/**/*.txt',
    'test/**/*.test.ts',
  ])
    .filter((path) => path !== 'test/architecture.test.ts')
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
  const without = Object.keys(diagnosticCodes).filter((code) => !cases.includes(code));
  expect(without, 'codes that no golden text and no test names').toEqual([]);
});

describe('exports', () => {
  const matching = (pattern: RegExp): string[] =>
    [...files.keys()].filter((path) => pattern.test(readFileSync(path, 'utf8')));

  test('have names', () => {
    expect(matching(/^export (default\b|\{[^}]*\bas default\b)/m)).toEqual([]);
  });

  test('are imported from where they are made', () => {
    expect(matching(/^export (type )?(\*|\{[^}]*\})( as \w+)? from /m), 'files that re-export').toEqual([]);
  });
});

/** The folder of the table that a file is in: its own name for files at the top of src. */
function folderOf(path: string): string {
  const [, first = '', second = ''] = path.split('/');
  const nested = `${first}/${second}`;
  return nested in mayImport ? nested : first;
}

/** Packages and Node itself; made files and package.json for those whom they concern. */
function allowedOutside(from: string, path: string): boolean {
  if (path === 'proto/generated/envoy.js' || path === 'proto/generated/files.js') return folderOf(from) === 'envoy';
  if (path === 'package.json') return folderOf(from) === 'cli';
  return !/^(proto|test|scripts|bench|build|dist|examples)\/|\.\.\//.test(path);
}

function everyImport(): readonly (readonly [from: string, imported: Import])[] {
  return [...files].flatMap(([from, { imports }]) => imports.map((imported) => [from, imported] as const));
}

/** Each circle once, as the files on it. */
function circles(): readonly string[] {
  const found = new Set<string>();
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) found.add([...trail.slice(start), path].join(' → '));
    if (start >= 0 || done.has(path)) return;
    for (const { path: next } of files.get(path)?.imports ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of files.keys()) visit(path, []);
  return [...found];
}

/** The imports (types too) and the impure globals of each file, as esbuild sees them: no guess by text. */
async function readSources(paths: readonly string[]): Promise<Map<string, SourceFile>> {
  const [{ metafile, outputFiles = [] }, atRunTime] = await Promise.all([
    compile(paths, 'types stay'),
    compile(paths, 'types go'),
  ]);
  const names = new Map(impureGlobals.map((name) => [`IMPURE_${name.replace('.', '_')}`, name]));
  return new Map(
    outputFiles.map(({ path, text }) => {
      const source = relative('out', relative(process.cwd(), path)).replace(/\.js$/, '.ts');
      const globals = [...new Set(text.match(/\bIMPURE_\w+/g))].map((name) => names.get(name) ?? name);
      return [source, { imports: importsOf(source, metafile, atRunTime.metafile), globals }] as const;
    }),
  );
}

type Types = 'types stay' | 'types go';

function compile(paths: readonly string[], types: Types): Promise<BuildResult & { metafile: Metafile }> {
  return build({
    entryPoints: [...paths],
    outdir: 'out',
    outbase: '.',
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    plugins: [everyFileAlone(types)],
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    define: Object.fromEntries([
      ...impureGlobals.map((name) => [name, `IMPURE_${name.replace('.', '_')}`]),
      ...pureMembers.map((name) => [name, name.replace('.', '_')]),
    ]),
  });
}

/** Nothing is followed. Where types stay, `import type` is made an import like any other. */
const everyFileAlone = (types: Types): Plugin => ({
  name: 'every-file-alone',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /.*/ }, ({ kind, path }) => (kind === 'entry-point' ? undefined : { path, external: true }));
    if (types === 'types go') return;
    onLoad({ filter: /\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(/^(import|export(?= type [{*])) type (?!from\b)/gm, '$1 '),
      loader: 'ts',
    }));
  },
});

function importsOf(path: string, all: Metafile, atRunTime: Metafile): readonly Import[] {
  const statements = all.inputs[path]?.imports.map((each) => each.path) ?? [];
  // Types written as import('…').Name leave no trace in what esbuild makes.
  const expressions = [...readFileSync(path, 'utf8').matchAll(/\bimport\(\s*'([^']+)'/g)].map(
    ([, found = '']) => found,
  );
  const loaded = atRunTime.inputs[path]?.imports.filter(({ kind }) => kind === 'import-statement') ?? [];
  return [...new Set([...statements, ...expressions])].map((each) => ({
    path: each.startsWith('.') ? join(dirname(path), each) : each,
    atOnce: loaded.some((one) => one.path === each),
  }));
}
