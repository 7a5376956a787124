// What the input of `sluice inject` says of namespaces.
import type { TargetNamespace } from '../../inject/pod/selection.ts';
import { isObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import type { Labels } from '../../model/endpoint.ts';
import type { NamedText } from '../../sources/text.ts';
import { objectsIn } from './documents.ts';

/** Namespaces by name, with the labels that the texts give them. Who hands a file in wants its pods injected. */
export function namespacesIn(texts: readonly NamedText[], usual: string): (name: string | null) => TargetNamespace {
  const found = new Map<string, Labels>();
  for (const text of texts) {
    for (const json of objectsIn(text)) {
      const { apiVersion, kind, metadata } = json;
      if (apiVersion !== 'v1' || kind !== 'Namespace' || !isObject(metadata)) continue;
      found.set(String(metadata['name']), labelsOf(metadata['labels']));
    }
  }
  return (name) => {
    const called = name ?? usual;
    return { name: called, labels: found.get(called) ?? new Map<string, string>(), unlabelled: 'in' };
  };
}

function labelsOf(value: JsonValue | undefined): Labels {
  const labels: JsonObject = isObject(value) ? value : {};
  return new Map(Object.entries(labels).flatMap(([key, text]) => (typeof text === 'string' ? [[key, text]] : [])));
}
