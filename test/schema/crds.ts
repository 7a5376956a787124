// The kinds of Istio's API with their schemas, as set-up has fetched them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Schema } from './leaves.ts';

interface Version {
  readonly name: string;
  readonly served: boolean;
  readonly schema: { readonly openAPIV3Schema: Schema };
}
interface Definition {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly Version[];
  };
}

export interface Crd {
  readonly kind: string;
  readonly apiVersion: string;
  /** Of the object's `spec`. */
  readonly schema: Schema;
}

/** `make test` fetches it; alone, `make build/istio-api/crds.yaml`. */
const file = join(import.meta.dirname, '../../build/istio-api/crds.yaml');

const newest = (versions: readonly Version[]): Version | undefined =>
  versions.find(({ name }) => name === 'v1') ?? versions.find(({ served }) => served);

/** Every kind of Istio's API, in the newest version that is served, by name. */
export function readCrds(): readonly Crd[] {
  return parseAllDocuments(readFileSync(file, 'utf8'))
    .map((document) => document.toJS() as Definition)
    .flatMap(({ spec: { group, names, versions } }) => {
      const version = newest(versions);
      const schema = version?.schema.openAPIV3Schema.properties?.['spec'];
      return version === undefined || schema === undefined
        ? []
        : [{ kind: names.kind, apiVersion: `${group}/${version.name}`, schema }];
    })
    .sort((a, b) => (a.kind < b.kind ? -1 : 1));
}
