// What proxies refuse, as diagnostics at the YAML behind it.
import { type Diagnostic, diagnose } from '../model/diagnostic.ts';
import type { ProxyNode } from '../model/proxy.ts';
import type { Verdict } from './quarantine.ts';

/** What Envoy says, without the message that it prints first where a constraint fails: what is wrong comes last. */
function complaint(node: string, message: string): string {
  const constraint = message.lastIndexOf('Proto constraint validation failed');
  return `${node} refused it: ${message.slice(Math.max(0, constraint)).slice(0, 400)}`;
}

/** A refusal of which nobody knows what is at fault. */
export const diagnoseRefusal = (node: ProxyNode, message: string): Diagnostic => ({
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
