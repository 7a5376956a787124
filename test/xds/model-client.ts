// A small client in memory, and the network between it and the stream reducer, for the model test. It follows the
// protocol's documentation and knows nothing of the reducer's state.
import type { XdsResource } from '../../src/envoy/resource.ts';
import { type ResourceKind, resourceKinds, typeUrls } from '../../src/envoy/types.ts';
import { Nonces } from '../../src/xds/nonces.ts';
import type { DiscoveryRequest, Protocol } from '../../src/xds/requests.ts';
import type { Response } from '../../src/xds/response.ts';
import type { Snapshot } from '../../src/xds/snapshot.ts';
import type { StreamEvent } from '../../src/xds/stream.ts';
import type { StreamState } from '../../src/xds/stream-state.ts';
import { GateRecorder } from './gate-recorder.ts';
import { steps } from './requests-of-tests.ts';

interface Wanted {
  readonly wildcard: boolean;
  readonly names: ReadonlySet<string>;
}

/** What the client has of one type: versions by name. */
interface Having {
  wanted: Wanted | null;
  nonce: string;
  /** Of the last response that it has taken. */
  version: string;
  held: Map<string, string>;
  /** The same, as they came. */
  readonly resources: Map<string, XdsResource>;
}

/** Resources that a client cannot take, and what it says of them: a list of names if it takes the others, else null. */
interface Taste {
  readonly refuses: (resource: XdsResource) => boolean;
  readonly list: (kind: ResourceKind, bad: readonly XdsResource[]) => string | null;
}

const kindOf = ({ typeUrl }: Response): ResourceKind => {
  const kind = resourceKinds.find((one) => typeUrls[one] === typeUrl);
  if (kind === undefined) throw new Error(`unknown type ${typeUrl}`);
  return kind;
};

const versions = (snapshot: Snapshot, kind: ResourceKind): string =>
  String([...snapshot[kind].values()].map(({ name, version }) => [name, version]));

const having = (): Having => ({ wanted: null, nonce: '', version: '', held: new Map(), resources: new Map() });

export class ModelClient {
  readonly protocol: Protocol;
  readonly types = { cluster: having(), endpoint: having(), listener: having(), route: having() };
  /** What broke a rule of the protocol. */
  readonly offences: string[] = [];
  now = 0;
  /** What it refuses though it is willing. */
  taste: Taste = { refuses: () => false, list: () => null };
  #latest: Snapshot;
  #streams = 0;
  #own = new Nonces('');
  #stream: StreamState;
  #undrained = false;
  #network: Response[] = [];
  #unanswered: Response[] = [];
  /** Per type, when the response that the server waits for was sent, and what was refused last. */
  readonly #sentAt = new Map<ResourceKind, number>();
  readonly #refused = new Map<ResourceKind, string>();
  /** The types of which something was asked, or that changed, since the server had an answer: the same again may be right. */
  readonly #asked = new Set<ResourceKind>();
  readonly #nonces = new Set<string>();
  readonly #recorder = new GateRecorder();
  readonly #lastNonce = new Map<ResourceKind, string>();

  constructor(protocol: Protocol, snapshot: Snapshot) {
    this.protocol = protocol;
    this.#latest = snapshot;
    this.#stream = this.#newStream();
    this.#feed({ kind: 'snapshot', snapshot, now: 0 });
  }

  publish(snapshot: Snapshot): void {
    for (const kind of resourceKinds) if (versions(snapshot, kind) !== versions(this.#latest, kind)) this.#ask(kind);
    this.#latest = snapshot;
    this.#feed({ kind: 'snapshot', snapshot, now: this.now });
  }

  /** Adds names, or everything; `exactly` puts them in the place of the names before. */
  subscribe(kind: ResourceKind, names: readonly string[], wildcard: boolean): void {
    const type = this.types[kind];
    const before = type.wanted;
    const wanted = {
      // A first request without names asks for everything, where there is such a thing.
      wildcard: wildcard || (before?.wildcard ?? (names.length === 0 && (kind === 'cluster' || kind === 'listener'))),
      names: new Set([...(before?.names ?? []), ...names]),
    };
    type.wanted = wanted;
    this.#ask(kind);
    const star = wildcard ? ['*'] : [];
    if (this.protocol === 'sotw') this.#sotw(kind, type.nonce, null);
    else this.#delta(kind, { subscribe: [...star, ...names], versions: before === null ? type.held : new Map() });
  }

  unsubscribe(kind: ResourceKind, names: readonly string[], wildcard: boolean): void {
    const type = this.types[kind];
    // A SotW server ignores this in a request that crosses a response, and would not know that names were dropped.
    if (type.wanted === null || (this.protocol === 'sotw' && !this.#isLast(kind))) return;
    const kept = [...type.wanted.names].filter((name) => !names.includes(name));
    type.wanted = { wildcard: type.wanted.wildcard && !wildcard, names: new Set(kept) };
    this.#forgetUnwanted(type);
    this.#ask(kind);
    if (this.protocol === 'sotw') this.#sotw(kind, type.nonce, null);
    else this.#delta(kind, { unsubscribe: [...names, ...(wildcard ? ['*'] : [])] });
  }

  drain(): void {
    if (!this.#undrained) return;
    this.#undrained = false;
    this.#feed({ kind: 'drained', now: this.now });
  }

  receive(): void {
    const response = this.#network.shift();
    if (response !== undefined) this.#unanswered.push(response);
  }

  /** Answers the oldest response that it has not answered; what it refuses it does not use. */
  answer(willing: boolean): void {
    const response = this.#unanswered.shift();
    if (response === undefined) return;
    const kind = kindOf(response);
    const type = this.types[kind];
    type.nonce = response.nonce;
    const bad = response.resources.filter((resource) => this.taste.refuses(resource));
    const taken = willing && bad.length === 0;
    const list = willing && bad.length > 0 ? this.taste.list(kind, bad) : null;
    if (taken) this.#apply(kind, response);
    else if (list !== null) this.#applyAllBut(kind, response, bad);
    else if (this.#isLast(kind) && !this.#asked.has(kind)) this.#refused.set(kind, response.version);
    if (this.#isLast(kind)) {
      this.#sentAt.delete(kind);
      this.#asked.delete(kind);
    }
    const error = taken ? null : (list ?? 'refused');
    if (this.protocol === 'sotw') this.#sotw(kind, response.nonce, error);
    else this.#delta(kind, { nonce: response.nonce, error });
  }

  /** An answer to a response that nobody sent. */
  stray(kind: ResourceKind): void {
    if (this.types[kind].wanted === null) return;
    if (this.protocol === 'sotw') this.#sotw(kind, 'stray', 'stray');
    else this.#delta(kind, { nonce: 'stray', error: 'stray' });
  }

  pass(milliseconds: number): void {
    this.now += milliseconds;
    this.#feed({ kind: 'tick', now: this.now });
  }

  /** A new stream, to this or another replica, with the same subscriptions. */
  reconnect(snapshot: Snapshot): void {
    this.#stream = this.#newStream();
    this.#network = [];
    this.#unanswered = [];
    this.#undrained = false;
    this.#sentAt.clear();
    this.#refused.clear();
    this.#lastNonce.clear();
    if (this.protocol === 'sotw') this.#recorder.begin([], []);
    else this.#recorder.begin(this.types.cluster.held.keys(), this.#resources());
    this.#latest = snapshot;
    this.#feed({ kind: 'snapshot', snapshot, now: this.now });
    for (const kind of resourceKinds) {
      const type = this.types[kind];
      type.nonce = '';
      if (type.wanted === null) continue;
      const { wildcard, names } = type.wanted;
      if (!wildcard && names.size === 0) type.wanted = null;
      if (type.wanted === null) continue;
      if (this.protocol === 'sotw') this.#sotw(kind, '', null);
      else this.#delta(kind, { subscribe: [...(wildcard ? ['*'] : []), ...names], versions: type.held });
    }
  }

  /** Reads and accepts all, and lets time pass, until nothing more comes. */
  quiesce(): void {
    for (let round = 0; round < 200; round += 1) {
      this.drain();
      this.receive();
      this.answer(true);
      if (this.#network.length + this.#unanswered.length > 0 || this.#undrained) continue;
      this.pass(10_000);
      if (!this.#undrained) return;
    }
    this.offences.push('it never comes to rest');
  }

  #ask(kind: ResourceKind): void {
    this.#refused.delete(kind);
    this.#asked.add(kind);
  }

  #isLast(kind: ResourceKind): boolean {
    return ![...this.#unanswered, ...this.#network].some((response) => kindOf(response) === kind);
  }

  #applyAllBut(kind: ResourceKind, response: Response, bad: readonly XdsResource[]): void {
    const { version } = this.types[kind];
    const good = response.resources.filter((one) => !bad.includes(one));
    this.#apply(
      kind,
      { ...response, resources: good, version },
      bad.map(({ name }) => name),
    );
  }

  /** `keeps`: named in a full state in a form that is not taken. */
  #apply(kind: ResourceKind, { resources, removed, version }: Response, keeps: readonly string[] = []): void {
    const type = this.types[kind];
    type.version = version;
    if (this.protocol === 'sotw' && (kind === 'cluster' || kind === 'listener')) {
      const kept = keeps
        .filter((name) => type.held.has(name))
        .map((name) => [name, type.held.get(name) ?? ''] as const);
      type.held = new Map(kept);
    }
    for (const resource of resources) {
      type.held.set(resource.name, resource.version);
      type.resources.set(resource.name, resource);
    }
    if (kind === 'cluster') this.#recorder.acknowledged(resources.map(({ name }) => name));
    for (const name of removed) type.held.delete(name);
    this.#forgetUnwanted(type);
  }

  #forgetUnwanted({ wanted, held }: Having): void {
    if (wanted !== null && !wanted.wildcard) {
      for (const name of [...held.keys()]) if (!wanted.names.has(name)) held.delete(name);
    }
    this.#recorder.retain(this.types.cluster.held);
  }

  #newStream(): StreamState {
    this.#streams += 1;
    this.#own = new Nonces(`${this.#streams}-`);
    return steps[this.protocol].start;
  }

  #sotw(kind: ResourceKind, nonce: string, error: string | null): void {
    const { wanted, version } = this.types[kind];
    const names = [...(wanted?.wildcard ? ['*'] : []), ...(wanted?.names ?? [])];
    const counts = nonce === '' || (this.#lastNonce.get(kind) ?? nonce) === nonce;
    if (kind === 'endpoint') this.#recorder.asksForEndpoints(wanted?.names ?? new Set());
    if (counts && kind === 'cluster') this.#recorder.gated = wanted?.wildcard === true;
    this.#request({ protocol: 'sotw', typeUrl: typeUrls[kind], version, names, nonce, error, node: null });
  }

  #delta(kind: ResourceKind, fields: Partial<Extract<DiscoveryRequest, { protocol: 'delta' }>>): void {
    if (kind === 'cluster') this.#recorder.gated = this.types.cluster.wanted?.wildcard === true;
    const none = { subscribe: [], unsubscribe: [], versions: new Map(), nonce: '', error: null, node: null };
    this.#request({ ...none, protocol: 'delta', typeUrl: typeUrls[kind], ...fields });
  }

  #request(request: DiscoveryRequest): void {
    this.#feed({ kind: 'request', request: this.#own.related(request), now: this.now });
  }

  #feed(event: StreamEvent): void {
    const { state, response: common } = steps[this.protocol].take(this.#stream, event);
    this.#stream = state;
    if (common === null) return;
    const response = { ...common, nonce: this.#own.next(common.typeUrl) };
    this.#judge(response);
    this.#network.push(response);
    this.#undrained = true;
  }

  #judge(response: Response): void {
    const kind = kindOf(response);
    const sentAt = this.#sentAt.get(kind);
    if (this.#undrained) this.offences.push(`${kind}: written before the last was taken`);
    if (sentAt !== undefined && this.now - sentAt < 2000) this.offences.push(`${kind}: sent while one is unanswered`);
    if (this.#nonces.has(response.nonce)) this.offences.push(`${kind}: nonce ${response.nonce} twice`);
    if (this.#refused.get(kind) === response.version) this.offences.push(`${kind}: the same again after a refusal`);
    const names = [...response.resources.map(({ name }) => name), ...response.removed];
    if (new Set(names).size !== names.length) this.offences.push(`${kind}: a name twice in one response`);
    this.offences.push(...this.#recorder.offences(kind, response.resources));
    this.#refused.delete(kind);
    this.#sentAt.set(kind, this.now);
    this.#nonces.add(response.nonce);
    this.#lastNonce.set(kind, response.nonce);
  }

  /** The listeners and routes that the client has. */
  #resources(): readonly (readonly [ResourceKind, XdsResource])[] {
    return (['listener', 'route'] as const).flatMap((kind) => {
      const { held, resources } = this.types[kind];
      return [...resources].flatMap(([name, resource]) => (held.has(name) ? [[kind, resource] as const] : []));
    });
  }
}
