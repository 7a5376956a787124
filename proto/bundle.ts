// Turns the FileDescriptorSet into the modules that src/envoy loads: envoy.js is one JSON text, parsed at first use;
// files.js is the set itself, for gRPC's reflection.
// Usage: bundle.ts SET OUTPUT-FOLDER
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import 'protobufjs/ext/descriptor.js';

const [set, folder] = process.argv.slice(2);
if (set === undefined || folder === undefined) throw new Error('usage: bundle.ts SET OUTPUT-FOLDER');
const bytes = readFileSync(set);
const root = protobuf.Root.fromDescriptor(bytes);
const text = JSON.stringify(root.toJSON());
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'envoy.js'), `export const descriptors = JSON.parse(${JSON.stringify(text)});\n`);
writeFileSync(
  join(folder, 'envoy.d.ts'),
  "import type { INamespace } from 'protobufjs';\nexport declare const descriptors: INamespace;\n",
);
writeFileSync(join(folder, 'files.js'), `export const files = '${bytes.toString('base64')}';\n`);
writeFileSync(join(folder, 'files.d.ts'), 'export declare const files: string;\n');
