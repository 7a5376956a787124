// Which mode of mutual TLS holds for a workload: its own, else that of its namespace, else that of the mesh; the oldest of
// several. Source: Istio's PeerAuthentication.
import { memo } from '../../lib/memo.ts';
import { type Diagnostic, diagnose, type Outcome } from '../../model/diagnostic.ts';
import { type Labels, matches } from '../../model/endpoint.ts';
import { describeObject } from '../../model/object.ts';
import { originOf } from '../../model/origin.ts';
import {
  type MutualTlsMode,
  type PeerAuthentication,
  type PeerAuthentications,
  type PeerModes,
  usualMutualTls,
} from '../../model/peer-authentication.ts';
import { byAge } from './services.ts';

const noPorts: ReadonlyMap<number, MutualTlsMode> = new Map();
const alone = memo((mode: { readonly mode: MutualTlsMode }): PeerModes => ({ ...mode, ports: noPorts }));
const modes = {
  strict: alone({ mode: 'strict' }),
  permissive: alone({ mode: 'permissive' }),
  disable: alone({ mode: 'disable' }),
} as const;

/** Where nobody says anything. */
export const noPeerAuthentications: PeerAuthentications = {
  of: () => modes[usualMutualTls],
  disabled: () => false,
};

/** The policies of one namespace, the oldest first. */
interface Local {
  readonly whole: PeerAuthentication | undefined;
  readonly choosing: readonly PeerAuthentication[];
}

const noneLocal: Local = { whole: undefined, choosing: [] };

const withPorts = memo((own: PeerAuthentication, { mode: around }: PeerModes): PeerModes => {
  const mode = own.mode ?? around;
  return { mode, ports: new Map([...own.ports].map(([port, each]) => [port, each ?? mode] as const)) };
});

function overruled({ object }: PeerAuthentication, by: PeerAuthentication): Diagnostic {
  const message = `${describeObject(by.object)} is older and for the same workloads, so this one is not used`;
  return diagnose('SLC0260', originOf(object, 'metadata', 'name'), message);
}

/** A selector in the root namespace chooses nobody: the mesh has one policy, and the namespace no other. */
function idle({ object }: PeerAuthentication): Diagnostic {
  const message = 'in the root namespace a policy is for the whole mesh: one with a selector is for nobody';
  return diagnose('SLC0110', originOf(object, 'spec', 'selector'), message);
}

function localsOf(policies: readonly PeerAuthentication[], root: string): Outcome<ReadonlyMap<string, Local>> {
  const diagnostics: Diagnostic[] = [];
  const locals = new Map<string, Local>();
  for (const policy of policies.toSorted(byAge)) {
    const { namespace, selector } = policy;
    const { whole, choosing } = locals.get(namespace) ?? noneLocal;
    if (selector === null && whole !== undefined) diagnostics.push(overruled(policy, whole));
    else if (selector === null) locals.set(namespace, { whole: policy, choosing });
    else if (namespace === root) diagnostics.push(idle(policy));
    else locals.set(namespace, { whole, choosing: [...choosing, policy] });
  }
  return { value: locals, diagnostics };
}

/** `root`: the namespace whose policy is for the whole mesh. */
export function resolvePeerAuthentications(
  policies: readonly PeerAuthentication[],
  root: string,
): Outcome<PeerAuthentications> {
  if (policies.length === 0) return { value: noPeerAuthentications, diagnostics: [] };
  const { value: locals, diagnostics } = localsOf(policies, root);
  const ofMesh = locals.get(root)?.whole?.mode ?? usualMutualTls;
  const around = ({ whole }: Local): PeerModes => modes[whole?.mode ?? ofMesh];
  const of = (namespace: string, labels: Labels): PeerModes => {
    const local = locals.get(namespace) ?? noneLocal;
    const own = local.choosing.find(({ selector }) => selector !== null && matches(selector, labels));
    return own === undefined ? around(local) : withPorts(own, around(local));
  };
  const disabled = (namespace: string): boolean => {
    const local = locals.get(namespace) ?? noneLocal;
    return local.choosing.length === 0 && around(local).mode === 'disable';
  };
  return { value: { of, disabled }, diagnostics };
}
