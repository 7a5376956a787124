// Bundles the program into dist/, or the folder that is named: imports are most of a command's start-up. Each command is
// a chunk of its own.
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build, type Plugin } from 'esbuild';

const [folder = 'dist'] = process.argv.slice(2);

/** Packages that read .proto files out of their own folder, and where in it these are. */
const protoFolders: Readonly<Record<string, string>> = {
  'grpc-health-check': 'proto',
  '@grpc/reflection': 'build/proto',
};

/** Has those packages look for them in the bundle's folder, under their own name. */
const protosBeside: Plugin = {
  name: 'protos-beside-the-bundle',
  setup({ onLoad }) {
    onLoad({ filter: /node_modules\/(grpc-health-check|@grpc\/reflection)\/build\/src\/.*\.js$/ }, ({ path }) => {
      const modules = `${path.split('/node_modules/', 1)[0]}/node_modules`;
      const place = JSON.stringify(relative(modules, dirname(path)));
      const text = readFileSync(path, 'utf8');
      return { contents: text.replaceAll('__dirname', `(sluiceFolder + '/' + ${place})`), loader: 'js' };
    });
  },
};

rmSync(folder, { recursive: true, force: true });
await build({
  entryPoints: ['src/main.ts'],
  outdir: folder,
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node22',
  format: 'esm',
  sourcemap: 'linked',
  logLevel: 'warning',
  // CommonJS packages inside an ES module ask for these.
  banner: {
    js: [
      "import { createRequire as sluiceRequire } from 'node:module'; const require = sluiceRequire(import.meta.url);",
      'const sluiceFolder = import.meta.dirname;',
    ].join(' '),
  },
  plugins: [protosBeside],
});
for (const [name, place] of Object.entries(protoFolders)) {
  cpSync(join('node_modules', name, place), join(folder, name, place), { recursive: true });
}
