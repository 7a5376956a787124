// The package for reflection, with Envoy's definitions: what takes its time.
import { ReflectionService } from '@grpc/reflection';
import { descriptorFiles } from '../../envoy/files.ts';
import type { XdsService } from '../transport/relay.ts';
import { collected } from './collected.ts';
import { withMapEntryNames } from './map-entries.ts';
import { serviceName } from './service.ts';

type PackageDefinition = ConstructorParameters<typeof ReflectionService>[0];

/** The package's services by full name; they list `services`, of which `others` bring definitions of their own. */
export function loadReflection(
  services: readonly string[],
  others: readonly XdsService[],
): ReadonlyMap<string, XdsService> {
  const add = (files: readonly Uint8Array[], listed: readonly string[]): readonly XdsService[] => {
    // Of a package definition nothing else is read.
    const definition = { files: { fileDescriptorProtos: files } } as unknown as PackageDefinition;
    return collected((server) => new ReflectionService(definition, { services: [...listed] }).addToServer(server));
  };
  const own = [...others, ...add([], [])].flatMap(filesOf);
  const found = add([...descriptorFiles(), ...own], services);
  return new Map(found.map((service) => [serviceName(service), service]));
}

/** The files that proto-loader's definitions carry. */
function filesOf({ definition }: XdsService): readonly Uint8Array[] {
  const methods = Object.values(definition) as readonly {
    readonly requestType?: { fileDescriptorProtos?: Uint8Array[] };
  }[];
  return methods
    .slice(0, 1)
    .flatMap(({ requestType }) => (requestType?.fileDescriptorProtos ?? []).map(withMapEntryNames));
}
