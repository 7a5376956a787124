// Turns the FileDescriptorSet into the modules that src/envoy loads: envoy.js is one JSON text, parsed at first use;
// files.js is the set itself, for gRPC's reflection.
// With them go the definitions that no package carries: the .proto files beside this one.
// Usage: bundle.ts SET OUTPUT-FOLDER
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';

const [set, folder] = process.argv.slice(2);
if (set === undefined || folder === undefined) throw new Error('usage: bundle.ts SET OUTPUT-FOLDER');
const envoys = readFileSync(set);
const root = protobuf.Root.fromDescriptor(envoys);
const own = globSync('*.proto', { cwd: import.meta.dirname }).sort();
const sets = own.map((name) => {
  const source = readFileSync(join(import.meta.dirname, name), 'utf8');
  protobuf.parse(source, root, { keepCase: true });
  const alone = new protobuf.Root();
  protobuf.parse(source, alone, { keepCase: true });
  alone.resolveAll();
  const set = alone.toDescriptor('proto3');
  for (const file of set.file) file.name = name;
  return descriptor.FileDescriptorSet.encode(set).finish();
});
// Sets one after the other are one set with the files of all.
const bytes = Buffer.concat([envoys, ...sets]);
const text = JSON.stringify(root.toJSON());
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'envoy.js'), `export const descriptors = JSON.parse(${JSON.stringify(text)});\n`);
writeFileSync(
  join(folder, 'envoy.d.ts'),
  "import type { INamespace } from 'protobufjs';\nexport declare const descriptors: INamespace;\n",
);
writeFileSync(join(folder, 'files.js'), `export const files = '${bytes.toString('base64')}';\n`);
writeFileSync(join(folder, 'files.d.ts'), 'export declare const files: string;\n');
