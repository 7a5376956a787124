// Envoy's message types, loaded once from the descriptors that set-up makes out of a dependency.
import protobuf from 'protobufjs';
import { descriptors } from '../../proto/generated/envoy.js';
import { lazy } from '../lib/memo.ts';

const loadRoot = lazy(() => protobuf.Root.fromJSON(descriptors).resolveAll());
const types = new Map<string, protobuf.Type>();

/** The type of a full name such as `envoy.config.cluster.v3.Cluster`; throws for one that proto/entries.txt lacks. */
export function messageType(name: string): protobuf.Type {
  let type = types.get(name);
  if (type === undefined) {
    type = loadRoot().lookupType(name);
    types.set(name, type);
  }
  return type;
}

/** The service of a full name such as `envoy.service.status.v3.ClientStatusDiscoveryService`; throws as `messageType` does. */
export function serviceType(name: string): protobuf.Service {
  return loadRoot().lookupService(name);
}
