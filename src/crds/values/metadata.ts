// What all kinds share: who the object is, its labels and annotations.
import type { Labels } from '../../model/endpoint.ts';
import { type ObjectId, objectName, type SourceObject } from '../../model/object.ts';
import { type Decoder, ignoring, object, string, stringMap } from './decode.ts';

export interface Metadata {
  readonly id: ObjectId;
  readonly name: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly annotations: ReadonlyMap<string, string>;
  /** Milliseconds since 1970; null in files that do not say. */
  readonly created: number | null;
}

const none: ReadonlyMap<string, string> = new Map();

/** The decoder of `metadata` for one object; names come from its id, where the source has filled in the namespace. */
export function metadata({ id }: SourceObject): Decoder<Metadata> {
  const { name, namespace } = objectName(id);
  const decode = object(
    { labels: stringMap, annotations: stringMap, creationTimestamp: string },
    {
      ignored: ignoring(
        ...['name', 'namespace', 'generateName', 'uid', 'resourceVersion', 'generation', 'selfLink', 'managedFields'],
        ...['ownerReferences', 'finalizers', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'clusterName'],
      ),
    },
  );
  return (value, spot) => {
    const decoded = decode(value, spot);
    const created = Date.parse(decoded?.creationTimestamp ?? '');
    return {
      id,
      name,
      namespace,
      labels: decoded?.labels ?? none,
      annotations: decoded?.annotations ?? none,
      created: Number.isNaN(created) ? null : created,
    };
  };
}
