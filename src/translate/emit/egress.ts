// Listeners for calls where a Sidecar has some of its own: what is called through each, and how it is bound.
import { memo } from '../../lib/memo.ts';
import { type Diagnostic, diagnose, type Outcome } from '../../model/diagnostic.ts';
import type { ListenerSight } from '../../model/mesh.ts';
import { at } from '../../model/origin.ts';
import type { Interception, ProxyGroup } from '../../model/proxy.ts';
import type { EgressListener } from '../../model/scope.ts';
import { isHttp } from '../../model/service.ts';
import { type CalledPort, type ListenerPlan, listenerName, planListeners } from './plan-listeners.ts';

/** Listeners that are bound in the same way, with what is called through them. */
export interface Exit {
  /** The group as it would be if all its listeners were bound so. */
  readonly group: ProxyGroup;
  readonly called: readonly CalledPort[];
  readonly plans: readonly ListenerPlan[];
}

const variant = memo((group: ProxyGroup, interception: Interception): ProxyGroup => ({ ...group, interception }));

/** The group with its connections captured, or not, as a listener asks for. */
function groupFor({ capture }: EgressListener, group: ProxyGroup): ProxyGroup {
  if (capture === 'as-proxy') return group;
  const interception = capture === 'bound' ? 'NONE' : group.interception;
  return interception === group.interception ? group : variant(group, interception);
}

const isFor = ({ listener, hosts }: ListenerSight, { service, port }: CalledPort): boolean =>
  hosts.has(service.host) && (listener.port === null || listener.port === port.number);

/** Services speak as they say themselves, whatever the listener says. */
function otherProtocols({ protocol, origin }: EgressListener, called: readonly CalledPort[]): readonly Diagnostic[] {
  if (protocol === null || protocol === 'auto') return [];
  const other = called.find(({ port }) => port.protocol !== 'auto' && isHttp(port.protocol) !== isHttp(protocol));
  if (other === undefined) return [];
  const message = `port ${other.port.number} of ${other.service.host} speaks ${other.port.protocol}, and is called so`;
  return [diagnose('SLC0110', at(origin, 'port', 'protocol'), message)];
}

/** A listener with an address of its own has all that is called through it there. */
function planned(sight: ListenerSight, called: readonly CalledPort[], group: ProxyGroup): Outcome<Exit> {
  const { bind } = sight.listener;
  const bound = groupFor(sight.listener, group);
  const { value, diagnostics } = planListeners(called, bound);
  const others = otherProtocols(sight.listener, called);
  const plans = bind === null ? value : [...uniquePlans(value.map((plan) => ({ ...plan, bind }))).values()];
  return { value: { group: bound, called, plans }, diagnostics: [...diagnostics, ...others] };
}

function uniquePlans(plans: readonly ListenerPlan[]): ReadonlyMap<string, ListenerPlan> {
  const byName = new Map<string, ListenerPlan>();
  for (const plan of plans) {
    const name = listenerName(plan.bind, plan.port);
    if (!byName.has(name)) byName.set(name, plan);
  }
  return byName;
}

/** Of each port the listener that is for it alone, else the one for all others. */
export function planExits(
  called: readonly CalledPort[],
  sights: readonly ListenerSight[] | null,
  group: ProxyGroup,
): Outcome<readonly Exit[]> {
  if (sights === null) {
    const { value: plans, diagnostics } = planListeners(called, group);
    return { value: [{ group, called, plans }], diagnostics };
  }
  const alone = new Set(sights.map(({ listener }) => listener.port));
  const outcomes = sights.map((sight) => {
    const isElsewhere = (port: number): boolean => sight.listener.port === null && alone.has(port);
    const own = called.filter((each) => !isElsewhere(each.port.number) && isFor(sight, each));
    return planned(sight, own, group);
  });
  return {
    value: outcomes.map(({ value }) => value),
    diagnostics: outcomes.flatMap(({ diagnostics }) => diagnostics),
  };
}
