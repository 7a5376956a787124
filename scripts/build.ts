// Bundles the program into dist/, or the folder that is named: imports are most of a command's start-up. Each command is
// a chunk of its own.
import { rmSync } from 'node:fs';
import { build } from 'esbuild';

const [folder = 'dist'] = process.argv.slice(2);
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
    js: "import { createRequire as sluiceRequire } from 'node:module'; const require = sluiceRequire(import.meta.url);",
  },
});
