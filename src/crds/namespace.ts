// Namespace (core/v1): its labels; nothing else of it decides how requests are spread.
import type { Labels } from '../model/endpoint.ts';
import { ignored } from './values/decode.ts';
import { kind } from './values/kind.ts';

export interface Namespace {
  readonly name: string;
  readonly labels: Labels;
}

export const namespaceKind = kind(
  { group: '', kind: 'Namespace', versions: ['v1'], body: { spec: ignored, status: ignored } },
  ({ name, labels }): Namespace => ({ name, labels }),
);
