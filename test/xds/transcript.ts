// Plays a conversation with the stream reducer, written as text: what the client and the control plane do, one thing a
// line, and below each line what the reducer sends (`<`) and reports (`!`). A test compares the text with itself.
//
//   publish cluster: a=1 b=1; endpoint: a=1    a new snapshot; types that are not named stay as they are
//   cluster ask [NAMES]                        SotW: the names, all of them; delta: to subscribe to
//   cluster drop NAMES                         delta: to unsubscribe from
//   cluster both NAMES                         delta: to subscribe to and to unsubscribe from in one message
//   cluster has a=1 b=2; NAMES                 delta: a first request of a client that holds these
//   cluster ack | nack TEXT                    answers the last response of the type
//   cluster stale [NAMES]                      the same as ask, with a nonce that is not the last one
//   cluster fresh [NAMES]                      the same as ask, without a nonce
//   cluster back [NAMES]                       SotW: a first request of a client that has taken something from another stream
//   wait MILLISECONDS                          time goes by
//   spacing MILLISECONDS                       of full states, for each resource
//   stop | go                                  the client stops to read; reads again
import { describe, expect, test } from 'vitest';
import { type ResourceKind, resourceKinds, typeUrls } from '../../src/envoy/types.ts';
import type { Culprit } from '../../src/xds/refusal.ts';
import type { DiscoveryRequest, Protocol } from '../../src/xds/requests.ts';
import type { Response } from '../../src/xds/response.ts';
import { type StreamEvent, type StreamStep, step } from '../../src/xds/stream.ts';
import { newStream, type StreamState } from '../../src/xds/stream-state.ts';
import { label, shared, snapshot } from './resources.ts';

type Input =
  | { readonly kind: 'snapshot'; readonly text: string }
  | { readonly kind: 'wait' | 'spacing'; readonly milliseconds: number }
  | { readonly kind: 'stop' | 'go' }
  | { readonly kind: 'request'; readonly request: DiscoveryRequest };

interface Spoken {
  readonly names: readonly string[];
  readonly nonce: string;
  readonly version: string;
}

export class Conversation {
  readonly protocol: Protocol;
  readonly lines: string[] = [];
  state: StreamState;
  #now = 0;
  #wakeAt: number | null = null;
  #reads = true;
  #undrained = false;
  readonly #spoken = new Map<string, Spoken>();

  constructor(protocol: Protocol) {
    this.protocol = protocol;
    this.state = newStream({
      protocol,
      noncePrefix: 'n',
      supersedeAfter: 2000,
      fullSpacing: { free: 0, each: 0 },
      removalDeadline: 5000,
      gateDeadline: 5000,
      drain: 0,
    });
  }

  play(line: string): void {
    this.lines.push(line);
    const input = this.#parse(line);
    if (input.kind === 'snapshot') {
      this.#feed({ kind: 'snapshot', snapshot: snapshot(tables(input.text), this.state.latest), now: this.#now });
    } else if (input.kind === 'request') this.#feed({ kind: 'request', request: input.request, now: this.#now });
    else if (input.kind === 'wait') this.#pass(input.milliseconds);
    else if (input.kind === 'spacing') {
      this.state = {
        ...this.state,
        options: { ...this.state.options, fullSpacing: { free: 0, each: input.milliseconds } },
      };
    } else {
      this.#reads = input.kind === 'go';
      this.#drain();
    }
  }

  #pass(milliseconds: number): void {
    const end = this.#now + milliseconds;
    while (this.#wakeAt !== null && this.#wakeAt <= end) {
      this.#now = this.#wakeAt;
      this.#feed({ kind: 'tick', now: this.#now });
    }
    this.#now = end;
  }

  #feed(event: StreamEvent): void {
    const result = step(this.state, event);
    this.state = result.state;
    this.#wakeAt = result.wakeAt;
    this.#note(result);
    if (result.response === null) return;
    this.#receive(result.response);
    this.#undrained = true;
    this.#drain();
  }

  #drain(): void {
    if (!this.#undrained || !this.#reads) return;
    this.#undrained = false;
    this.#feed({ kind: 'drained', now: this.#now });
  }

  #note({ notes, exhausted }: StreamStep): void {
    for (const note of notes) {
      if (note.kind === 'answered' && note.answer === 'stale') this.lines.push(`! ${note.type} stale`);
      if (note.kind === 'answered' && note.answer === 'refused')
        this.lines.push(`! ${note.type} refused ${note.error}`);
      if (note.kind === 'answered' && note.culprits.length > 0)
        this.lines.push(`! ${note.type} at fault ${note.culprits.map(culprit).join(' ')}`);
      if (note.kind === 'held') this.lines.push(`! ${note.type} held ${[...note.names].join(' ')}`);
      if (note.kind === 'clusterless') this.lines.push('! clusterless');
      if (note.kind === 'unknownType') this.lines.push('! unknown type');
    }
    if (exhausted !== null) this.lines.push(`! ${exhausted}`);
  }

  #receive({ typeUrl, resources, removed, heartbeats = [], nonce, version }: Response): void {
    const kind = resourceKinds.find((one) => typeUrls[one] === typeUrl);
    const labels = resources.map((resource) => label(resource.kind, resource.json));
    this.lines.push(
      [
        '<',
        kind ?? typeUrl,
        ...labels,
        ...removed.map((name) => `-${name}`),
        ...heartbeats.map(({ name }) => `~${name}`),
      ].join(' '),
    );
    const key = kind ?? typeUrl;
    this.#spoken.set(key, { names: this.#spoken.get(key)?.names ?? [], nonce, version });
  }

  #parse(line: string): Input {
    const [subject = '', verb = '', ...rest] = line.split(' ');
    if (subject === 'publish') return { kind: 'snapshot', text: [verb, ...rest].join(' ') };
    if (subject === 'wait' || subject === 'spacing') return { kind: subject, milliseconds: Number(verb) };
    if (subject === 'stop' || subject === 'go') return { kind: subject };
    return { kind: 'request', request: this.#request(subject, verb, rest) };
  }

  #request(subject: string, verb: string, rest: readonly string[]): DiscoveryRequest {
    const spoken = this.#spoken.get(subject) ?? { names: [], nonce: '', version: '' };
    const asks = verb === 'ask' || verb === 'stale' || verb === 'fresh' || verb === 'back';
    const base = {
      typeUrl: typeUrls[subject as ResourceKind] ?? subject,
      nonce: verb === 'stale' ? 'stale' : verb === 'fresh' || (asks && this.protocol === 'delta') ? '' : spoken.nonce,
      error: verb === 'nack' ? rest.join(' ') : null,
      node: null,
    };
    if (this.protocol === 'sotw') {
      const names = asks ? rest : spoken.names;
      this.#spoken.set(subject, { ...spoken, names });
      return { ...base, protocol: 'sotw', version: verb === 'back' ? 'before' : '', names };
    }
    const [held = '', names = ''] = verb === 'has' ? rest.join(' ').split(/; ?/) : ['', rest.join(' ')];
    return {
      ...base,
      protocol: 'delta',
      nonce: verb === 'has' || verb === 'drop' || verb === 'both' ? '' : base.nonce,
      subscribe: asks || verb === 'has' || verb === 'both' ? words(names) : [],
      unsubscribe: verb === 'drop' || verb === 'both' ? rest : [],
      versions: new Map(words(held).map((entry) => heldVersion(subject as ResourceKind, entry))),
    };
  }
}

/** `b`, or `r/x` for a virtual host; `b<b=1` where the client had a good form. */
function culprit({ resource, host, good }: Culprit): string {
  const name = host === null ? resource.name : `${resource.name}/${host.json['name']}`;
  return good === null ? name : `${name}<${label(good.kind, good.json)}`;
}

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');

function heldVersion(kind: ResourceKind, entry: string): [string, string] {
  const [name = '', content = ''] = entry.split('=');
  return [name, shared(kind, name, content).version];
}

function tables(text: string): { [K in ResourceKind]?: string } {
  return Object.fromEntries(text.split(/; ?/).map((part) => part.split(/: ?(.*)/, 2)));
}

/** The whole conversation, with what the reducer really says; lines that begin with `<` or `!` are left to it. */
function play(protocol: Protocol, text: string): string {
  const conversation = new Conversation(protocol);
  for (const line of plain(text).split('\n')) {
    if (!line.startsWith('<') && !line.startsWith('!')) conversation.play(line);
  }
  return conversation.lines.join('\n');
}

/** The text without the indentation of the source. */
function plain(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '').join('\n');
}

export type Case = readonly [sentence: string, conversation: string];

/** A test for each conversation. */
export function converse(protocol: Protocol, cases: readonly Case[]): void {
  describe(protocol, () => {
    test.each(cases)('%s', (_sentence, text) => {
      expect(play(protocol, text)).toBe(plain(text));
    });
  });
}
