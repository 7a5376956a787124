// Turns the FileDescriptorSet into the module that src/envoy/descriptors.ts loads: one JSON text, parsed at first use.
// Usage: bundle.ts SET OUTPUT-FOLDER
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import 'protobufjs/ext/descriptor.js';

const [set, folder] = process.argv.slice(2);
if (set === undefined || folder === undefined) throw new Error('usage: bundle.ts SET OUTPUT-FOLDER');
const root = protobuf.Root.fromDescriptor(readFileSync(set));
const text = JSON.stringify(root.toJSON());
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'envoy.js'), `export const descriptors = JSON.parse(${JSON.stringify(text)});\n`);
writeFileSync(
  join(folder, 'envoy.d.ts'),
  "import type { INamespace } from 'protobufjs';\nexport declare const descriptors: INamespace;\n",
);
