// How a subscription goes on after an answer: what was taken counts as held, what was refused stands aside.
import type { XdsResource } from '../envoy/resource.ts';
import { memo } from '../lib/memo.ts';
import { noRefusals, type Refusal, type Refusals } from './due.ts';
import { type NameSet, nameSet, unite, without } from './name-set.ts';
import {
  type Culprit,
  type GoodForms,
  givenUp,
  goodForms,
  isCut,
  listed,
  noGoodForms,
  noRefusedHosts,
  type Search,
  searched,
  spent,
  suspectHosts,
  trusted,
} from './refusal.ts';
import {
  confirm,
  excepted,
  type Flight,
  hasNews,
  holdsUnknown,
  isFullState,
  type Subscription,
  takeBack,
} from './subscription.ts';
import { hostName } from './virtual-hosts.ts';

export interface Answered {
  readonly subscription: Subscription;
  /** Found at fault by this answer. */
  readonly culprits: readonly Culprit[];
}

/** The client has taken the response. */
export function accept(before: Subscription, inFlight: Flight): Subscription {
  return {
    ...before,
    inFlight: null,
    good: stillWanted(before, inFlight),
    search: trusted(before.search),
    confirmed: confirm(before),
    acknowledged: inFlight.version,
    error: null,
  };
}

/** The good forms of what is still refused, or under suspicion: what was taken is one. */
function stillWanted({ good, refused, refusedHosts, search }: Subscription, { resources }: Flight): GoodForms {
  if (good.size === 0) return good;
  const taken = new Map(resources.map((resource) => [resource.name, resource] as const));
  const kept = [...good].filter(([name]) => search !== null || refused.has(name) || refusedHosts.has(name));
  return kept.length === 0 ? noGoodForms : new Map(kept.map(([name, form]) => [name, taken.get(name) ?? form]));
}

/** The client has refused the response, or parts of it. */
export function refuse(before: Subscription, inFlight: Flight, error: string): Answered {
  const { kind, good: known } = before;
  const good = goodForms(known, inFlight.before, inFlight.changed);
  const answered = { ...before, inFlight: null, answerDue: false, error, good };
  const named = listed(kind, error, inFlight.resources);
  if (named.length > 0) return refuseNamed(before, answered, named, isCut(error));
  const { changed } = inFlight;
  if (changed.length === 0 && isFullState(answered)) return refuseLeftOut(answered, inFlight);
  // Nobody knows what of it was taken: perhaps nothing, for it did not decode as a whole.
  const taken = { ...takeBack({ ...answered, inFlight }), inFlight: null };
  const [only] = changed;
  if (only === undefined || changed.length > 1) return seek(taken, inFlight);
  return kind === 'route' ? refuseRoute(taken, only) : blame(taken, [only]);
}

/** Envoy has taken all that it does not name. */
function refuseNamed(
  before: Subscription,
  answered: Subscription,
  named: readonly XdsResource[],
  cut: boolean,
): Answered {
  const names = nameSet(named.map(({ name }) => name));
  if (cut) return blame({ ...takeBack({ ...answered, inFlight: before.inFlight }), inFlight: null }, named);
  const confirmed = unite(before.confirmed, without(confirm(before), names));
  return blame({ ...excepted(answered, names), confirmed }, named);
}

function blame(subscription: Subscription, resources: readonly XdsResource[]): Answered {
  const { good, refused } = subscription;
  const culprits = resources.map((resource) => ({ resource, host: null, good: good.get(resource.name) ?? null }));
  const aside = { ...subscription, refused: merged(refused, refusalsOf(resources, null)) };
  return { subscription: continued(aside, spent(subscription.search)), culprits };
}

/** A full state with nothing new in it: what it leaves out stays, and the same is not sent again. */
function refuseLeftOut(subscription: Subscription, { before, names, resources }: Flight): Answered {
  const told = nameSet(resources.map(({ name }) => name));
  const untold = without(names, told);
  const { table } = before;
  const gone = [...unite(untold, without(nameSet(table.keys()), told))];
  const back = excepted({ ...subscription, held: { ...subscription.held, table } }, untold);
  const refused = merged(subscription.refused, removalsOf(gone, resources));
  return { subscription: continued({ ...back, refused }, null), culprits: [] };
}

/** Several resources: all stand aside, and are tried again in parts. */
function seek(subscription: Subscription, { changed, resources, removed, names }: Flight): Answered {
  const suspects = changed.map(({ name }) => name);
  const untold = [...without(names, nameSet(resources.map(({ name }) => name)))];
  // A removal is suspected of nothing beside something that has changed.
  const gone = isFullState(subscription) ? untold : suspects.length === 0 ? removed : [];
  // Who refuses a response with nothing new in it refuses everything.
  const search = suspects.length === 0 ? null : searched(searching(subscription), null, suspects);
  const refused = merged(
    merged(subscription.refused, refusalsOf(changed, search === null ? changed : null)),
    removalsOf(gone, resources),
  );
  return { subscription: continued({ ...subscription, refused }, search), culprits: [] };
}

function searching(subscription: Subscription) {
  const { search, acknowledged } = subscription;
  return { search, acknowledged, holdsUnknown: holdsUnknown(subscription) };
}

/** A route configuration: its virtual hosts that differ from the good form stand aside, and are tried again in parts. */
function refuseRoute(subscription: Subscription, route: XdsResource): Answered {
  const good = subscription.good.get(route.name) ?? null;
  const suspects = suspectHosts(route, good);
  const [only] = suspects;
  if (only === undefined) return blame(subscription, [route]);
  const aside = new Map([
    ...(subscription.refusedHosts.get(route.name) ?? []),
    ...suspects.map((host) => [hostName(host), host.version] as const),
  ]);
  const refusedHosts = new Map([...subscription.refusedHosts, [route.name, aside]]);
  const found = { ...subscription, refusedHosts };
  if (suspects.length === 1) {
    const culprits = [{ resource: route, host: only, good }];
    return { subscription: continued(found, spent(subscription.search)), culprits };
  }
  const search = searched(searching(subscription), route.name, suspects.map(hostName));
  return { subscription: continued(found, search), culprits: [] };
}

function continued(subscription: Subscription, search: Search | null): Subscription {
  if (search !== null || subscription.search === null) return { ...subscription, search };
  const untried = subscription.search.trials.flatMap(({ route, names }) => (route === null ? [...names] : []));
  return { ...subscription, search: null, refused: givenUp(subscription.refused, untried) };
}

const refusalsOf = memo((resources: readonly XdsResource[], response: object | null): Refusals => {
  return new Map(resources.map(({ name, version }): [string, Refusal] => [name, { version, response }]));
});

const removalsOf = memo((names: readonly string[], response: object): Refusals => {
  return names.length === 0
    ? noRefusals
    : new Map(names.map((name): [string, Refusal] => [name, { version: null, response }]));
});

const merged = memo((before: Refusals, added: Refusals): Refusals => {
  if (added.size === 0) return before;
  return before.size === 0 ? added : new Map([...before, ...added]);
});

/**
 * Aims by `aimed`, and where that leaves nothing to send lets the next suspects of a search have another try: nothing else
 * is in their response.
 */
export function pursue(subscription: Subscription, aimed: (subscription: Subscription) => Subscription): Subscription {
  let next = aimed(subscription);
  while (next.search !== null && next.target !== null && next.inFlight === null && !hasNews(next, false)) {
    next = aimed(nextTrial(next, next.search));
  }
  return next;
}

function nextTrial(subscription: Subscription, search: Search): Subscription {
  const [trial, ...trials] = search.trials;
  if (trial === undefined) return { ...subscription, search: null };
  const { refused, refusedHosts } = subscription;
  const next = { ...subscription, search: { ...search, trials } };
  if (trial.names.size === 0) return { ...next, answerDue: true };
  if (trial.route === null) return { ...next, refused: lessNames(refused, trial.names) };
  const hosts = lessNames(refusedHosts.get(trial.route) ?? new Map<string, string>(), trial.names);
  return { ...next, refusedHosts: withHosts(refusedHosts, trial.route, hosts) };
}

function withHosts(
  all: Subscription['refusedHosts'],
  route: string,
  hosts: ReadonlyMap<string, string>,
): Subscription['refusedHosts'] {
  const others = [...all].filter(([name]) => name !== route);
  if (hosts.size > 0) return new Map([...others, [route, hosts]]);
  return others.length === 0 ? noRefusedHosts : new Map(others);
}

function lessNames<V>(map: ReadonlyMap<string, V>, names: NameSet): ReadonlyMap<string, V> {
  return new Map([...map].filter(([name]) => !names.has(name)));
}
