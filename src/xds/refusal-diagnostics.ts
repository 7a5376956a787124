// What a proxy has refused, as diagnostics at the YAML behind it.
import type { ResourceKind } from '../envoy/types.ts';
import { type Diagnostic, diagnose } from '../model/diagnostic.ts';
import type { ProxyNode } from '../model/proxy.ts';
import type { Verdict } from './quarantine.ts';

/** Something that a proxy has refused, at the YAML behind it. */
export interface ProxyRefusal {
  readonly kind: ResourceKind;
  /** Null: nobody knows which of a response's resources is at fault. */
  readonly resource: { readonly name: string; readonly version: string; readonly message: string } | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** What Envoy says, without the message that it prints first where a constraint fails: what is wrong comes last. */
function complaint(node: string, message: string): string {
  const constraint = message.lastIndexOf('Proto constraint validation failed');
  return `${node} refused it: ${message.slice(Math.max(0, constraint)).slice(0, 400).trimEnd()}`;
}

/** A refusal of which nobody knows what it is about. */
export const unattributed = (node: ProxyNode, message: string): Diagnostic => ({
  code: 'SLC0501',
  severity: 'error',
  message: complaint(node.id, message),
  object: null,
  path: [],
  location: null,
});

/** The YAML behind what a proxy has refused. */
export function diagnoseVerdict({ culprit: { resource, host }, node, message }: Verdict): readonly Diagnostic[] {
  const origins = (host ?? resource).origins.toSorted((a, b) => b.path.length - a.path.length);
  return origins.slice(0, 1).map((origin) => diagnose('SLC0501', origin, complaint(node, message)));
}

/** A verdict, for those who ask about a proxy. */
export function refusalOf(verdict: Verdict): ProxyRefusal {
  const { kind, culprit, message } = verdict;
  const { name, version } = culprit.resource;
  return { kind, resource: { name, version, message }, diagnostics: diagnoseVerdict(verdict) };
}
