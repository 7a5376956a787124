// protobufjs names the entry type of a map field `statuses` in a descriptor `Statuses`; protoc and those who read
// descriptors want `StatusesEntry`.
import { messageType } from '../../envoy/descriptors.ts';

interface Message {
  name: string;
  readonly field: readonly { typeName: string }[];
  readonly nestedType: readonly Message[];
  readonly options: { readonly mapEntry: boolean } | null;
}

/** The google.protobuf.FileDescriptorProto with the entries of its maps named as protoc does. */
export function withMapEntryNames(bytes: Uint8Array): Uint8Array {
  const type = messageType('google.protobuf.FileDescriptorProto');
  const file = type.decode(bytes);
  for (const message of (file as unknown as { readonly messageType: readonly Message[] }).messageType) rename(message);
  return Uint8Array.prototype.slice.call(type.encode(file).finish());
}

function rename(message: Message): void {
  for (const nested of message.nestedType) {
    rename(nested);
    if (nested.options?.mapEntry !== true || nested.name.endsWith('Entry')) continue;
    const name = `${nested.name}Entry`;
    for (const field of message.field) if (field.typeName === nested.name) field.typeName = name;
    nested.name = name;
  }
}
