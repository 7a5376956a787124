// How a request changes a subscription: the answer to a response, and what the client wants from now on.
import type { XdsResource } from '../envoy/resource.ts';
import { memo } from '../lib/memo.ts';
import {
  type Exceptions,
  excepting,
  type Held,
  type HeldVersion,
  heldVersion,
  noExceptions,
  unsure,
  type Wanted,
  wantedOf,
  wants,
} from './due.ts';
import { ofList } from './name-list.ts';
import { common, type NameSet, nameSet, noNames, unite, without } from './name-set.ts';
import type { Culprit } from './refusal.ts';
import { accept, refuse } from './refusing.ts';
import type { DeltaRequest, DiscoveryRequest, SotwRequest } from './requests.ts';
import { isFullState, mayHold, type Subscription, takeBack } from './subscription.ts';
import { emptyTable } from './tables.ts';

/** What a request said about the last response. */
export type Answer = 'acknowledged' | 'refused' | 'stale' | 'none';

export interface Requested {
  readonly subscription: Subscription;
  readonly answer: Answer;
  /** What the answer has shown to be at fault. */
  readonly culprits: readonly Culprit[];
}

const none: readonly Culprit[] = [];

const star = '*';
const hasStar = ofList((names) => names.includes(star));
const plainNames = ofList((names) => nameSet(names.filter((name) => name !== star)));

/** Takes in a request of the subscription's kind. */
export function request(subscription: Subscription, message: DiscoveryRequest): Requested {
  return message.protocol === 'sotw' ? requestSotw(subscription, message) : requestDelta(subscription, message);
}

/** A stale SotW request is ignored altogether: the client will send its names again with its next answer. */
function requestSotw(before: Subscription, message: SotwRequest): Requested {
  const { nonce, names } = message;
  if (nonce !== '' && before.nonce !== null && nonce !== before.nonce)
    return { subscription: before, answer: 'stale', culprits: none };
  const { subscription, answer, culprits } = takeAnswer(before, message);
  const wanted = sotwWanted(subscription, names);
  const named = subscription.named || names.length > 0;
  if (subscription.wanted === null)
    return {
      subscription: { ...start(subscription, wanted, new Map()), named, returning: message.version !== '' },
      answer,
      culprits,
    };
  // Without a nonce, and the same as before: a client that starts anew.
  const again = nonce === '' && wanted === subscription.wanted;
  const asked = again ? wanted.names : without(wanted.names, subscription.wanted.names);
  const changed = want(again && wanted.wildcard ? forget(subscription) : subscription, wanted, asked);
  const answerDue = changed.answerDue || (again && isFullState(changed));
  return { subscription: { ...changed, named, answerDue }, answer, culprits };
}

/** An empty list means everything only as long as the client never named anything, and only for clusters and listeners. */
function sotwWanted({ named, kind }: Subscription, names: readonly string[]): Wanted {
  const wildcardKind = kind === 'cluster' || kind === 'listener';
  if (names.length === 0) return wantedOf(noNames, wildcardKind && !named);
  return wantedOf(plainNames(names), hasStar(names));
}

/** The answer part of a delta request may be stale; what it subscribes to counts in any case. Subscribing wins. */
function requestDelta(before: Subscription, message: DeltaRequest): Requested {
  const { subscription, answer, culprits } = takeAnswer(before, message);
  const added = plainNames(message.subscribe);
  const everything = hasStar(message.subscribe);
  if (subscription.wanted === null) {
    const legacy =
      message.subscribe.length === 0 && (subscription.kind === 'cluster' || subscription.kind === 'listener');
    const wanted = wantedOf(added, everything || legacy);
    return { subscription: start(subscription, wanted, message.versions), answer, culprits };
  }
  if (message.subscribe.length === 0 && message.unsubscribe.length === 0) return { subscription, answer, culprits };
  const dropped = plainNames(message.unsubscribe);
  const kept = without(subscription.wanted.names, dropped);
  const wildcard = everything || (subscription.wanted.wildcard && !message.unsubscribe.includes(star));
  const anew = everything && subscription.wanted.wildcard ? forget(subscription) : subscription;
  return { subscription: want(anew, wantedOf(unite(kept, added), wildcard), added), answer, culprits };
}

/** The first request of this kind: from here on it is known what the client holds, and that it waits for the rest. */
function start(subscription: Subscription, wanted: Wanted, versions: ReadonlyMap<string, string>): Subscription {
  const exceptions =
    versions.size === 0 ? excepting(noExceptions, wanted.names, null) : heldAtStart(subscription, wanted, versions);
  const answerDue = wanted.wildcard || (isFullState(subscription) && wanted.names.size > 0);
  const confirmed =
    subscription.kind === 'cluster' && versions.size > 0 ? nameSet(exceptionsHeld(exceptions)) : noNames;
  return { ...subscription, wanted, held: { table: emptyTable, except: exceptions }, confirmed, answerDue };
}

const exceptionsHeld = (exceptions: Exceptions): readonly string[] =>
  [...exceptions].flatMap(([name, version]) => (version === null ? [] : [name]));

/** What has to follow something that was sent on this stream before is not taken for held, whatever its version. */
function heldAtStart({ held }: Subscription, wanted: Wanted, versions: ReadonlyMap<string, string>): Exceptions {
  const exceptions = new Map<string, HeldVersion>();
  for (const [name, version] of versions) {
    if (wants(wanted, name)) exceptions.set(name, held.except.has(name) ? unsure : version);
  }
  for (const name of wanted.names) if (!exceptions.has(name)) exceptions.set(name, null);
  return exceptions;
}

/** Changes what is wanted. The client waits for an answer about the names in `asked`, whatever it holds. */
function want(before: Subscription, next: Wanted, asked: NameSet): Subscription {
  const { wanted } = before;
  if (wanted === null || (wanted === next && asked.size === 0)) return before;
  const widened = next.wildcard && !wanted.wildcard;
  const held = widened ? narrowed(before.held, wanted.names) : before.held;
  const dropped = without(wanted.names, next.names);
  // What is dropped by name but still wanted as part of everything: in delta the client cannot tell, so it is told.
  const told = next.wildcard && before.protocol === 'delta' ? unite(asked, dropped) : asked;
  const holding = nameSet([...told].filter((name) => mayHold(before, name)));
  const kept = onlyWanted(held.except, next);
  const after = {
    ...before,
    wanted: next,
    held: { ...held, except: excepting(excepting(kept, holding, unsure), without(told, holding), null) },
    refused: onlyWanted(before.refused, next, told),
    confirmed: next.wildcard && !widened ? before.confirmed : common(before.confirmed, (widened ? wanted : next).names),
    answerDue: before.answerDue || widened || (isFullState(before) && asked.size > 0),
  };
  // What is on its way may arrive after the client has widened its subscription again.
  return widened ? takeBack(after) : after;
}

/** Of a client that holds nothing but these names. */
function narrowed({ table, except: exceptions }: Held, names: NameSet): Held {
  const versions = [...names].flatMap((name): [string, HeldVersion][] => {
    const version = heldVersion(table, exceptions, name);
    return version === undefined ? [] : [[name, version]];
  });
  return { table: emptyTable, except: versions.length === 0 ? noExceptions : new Map(versions) };
}

/** The entries of names that the client wants, but for those in `apart`; the map itself where that is all. */
function onlyWanted<V>(map: ReadonlyMap<string, V>, wanted: Wanted, apart: NameSet = noNames): ReadonlyMap<string, V> {
  const kept = [...map].filter(([name]) => wants(wanted, name) && !apart.has(name));
  return kept.length === map.size ? map : new Map(kept);
}

/** Has all that the client holds sent again. */
function forget(subscription: Subscription): Subscription {
  const { held } = subscription;
  return { ...subscription, held: { ...held, except: excepting(held.except, namesOf(held.table), unsure) } };
}

const namesOf = memo((table: ReadonlyMap<string, XdsResource>): NameSet => nameSet(table.keys()));

function takeAnswer(before: Subscription, { nonce, error }: DiscoveryRequest): Requested {
  const { inFlight } = before;
  if (nonce === '' || before.nonce === null) return { subscription: before, answer: 'none', culprits: none };
  if (nonce !== before.nonce) return { subscription: before, answer: 'stale', culprits: none };
  if (inFlight === null) return { subscription: before, answer: 'none', culprits: none };
  if (error === null) return { subscription: accept(before, inFlight), answer: 'acknowledged', culprits: none };
  const { subscription, culprits } = refuse(before, inFlight, error);
  const { wanted, refused } = subscription;
  const kept = wanted === null ? refused : onlyWanted(refused, wanted);
  return { subscription: { ...subscription, refused: kept }, answer: 'refused', culprits };
}
