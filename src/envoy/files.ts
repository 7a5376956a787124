// Envoy's definitions file by file, as gRPC's reflection hands them out.
import protobuf from 'protobufjs';
import { files } from '../../proto/generated/files.js';
import { lazy } from '../lib/memo.ts';

/** Every google.protobuf.FileDescriptorProto that Sluice knows, encoded. */
export const descriptorFiles = lazy((): readonly Uint8Array[] => {
  const reader = protobuf.Reader.create(Buffer.from(files, 'base64'));
  const found: Uint8Array[] = [];
  // FileDescriptorSet has one field, `file` (1).
  while (reader.pos < reader.len) {
    reader.uint32();
    found.push(reader.bytes());
  }
  return found;
});
