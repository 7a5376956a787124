// The CA of the mesh: what signs, and whose certificates everybody is to believe. A plugged-in CA, or a root of our own.
import { setTimeout as delay } from 'node:timers/promises';
import type { JsonGeneralName } from '@peculiar/x509';
import { Broken } from '../pem-file.ts';
import type { Validity } from '../renewal.ts';
import { Alarm, type WallClock, wallClock } from '../wall-clock.ts';
import { type Reading, Watched, type WatchedEvent, type WatchTimers } from '../watched.ts';
import { type CaMaterial, readCa, sameCa } from './ca-material.ts';
import type { CaStore } from './ca-store.ts';
import { issueLeaf, newRoot } from './issue.ts';
import { advance, begin, believed, dueAt, follow, type Rollover } from './rollover.ts';

const day = 24 * 3_600_000;
/** Of a root of our own, in milliseconds. */
const rootLifetime = 3650 * day;
/** Of a certificate, where nothing is said. */
const defaultLifetime = day;
/** In milliseconds: shorter ones would be out of date on their way. */
const leastLifetime = 1_000;

export interface AuthorityOptions {
  readonly store: CaStore;
  /** Whose root it is, where one is made. */
  readonly organization: string;
  /** The longest life of a certificate, in milliseconds. A new root is believed for as long before it signs. */
  readonly lifetime?: number;
  readonly onEvent: (event: WatchedEvent) => void;
  readonly timers?: Partial<WatchTimers>;
  readonly clock?: WallClock;
}

export interface SignRequest {
  /** DER (SubjectPublicKeyInfo). */
  readonly publicKey: Uint8Array;
  readonly names: readonly JsonGeneralName[];
  readonly client: boolean;
  /** In milliseconds; null: as long as is allowed. */
  readonly lifetime: number | null;
}

/** PEM texts. */
export interface Signed {
  /** The certificate and what links it to a root. */
  readonly chain: readonly string[];
  /** All roots that are to be believed. */
  readonly roots: string;
}

/** The CA cannot be used. The message is one line that says what to do. */
export class UnusableCa extends Error {}

export class Authority {
  /** The longest life of a certificate, in milliseconds. */
  readonly lifetime: number;
  readonly #clock: WallClock;
  readonly #watched: Watched<CaMaterial>;
  readonly #alarm: Alarm;
  readonly #listeners = new Set<() => void>();
  #rollover: Rollover;

  private constructor(
    watched: Watched<CaMaterial>,
    { lifetime = defaultLifetime, clock = wallClock }: AuthorityOptions,
  ) {
    this.lifetime = lifetime;
    this.#clock = clock;
    this.#watched = watched;
    this.#rollover = begin(watched.current());
    this.#alarm = new Alarm(() => this.#turn(advance(this.#rollover, this.#moment())), clock);
    watched.onChange(() => this.#turn(follow(this.#rollover, watched.current(), this.#moment())));
  }

  /** Opens what is there, or makes a root where there is nothing. Throws UnusableCa. */
  static async open(options: AuthorityOptions): Promise<Authority> {
    const { store, onEvent, timers, clock = wallClock } = options;
    const first = await openFirst(options, clock);
    if (first.kind === 'broken') throw new UnusableCa(first.reason);
    const watched = new Watched(
      {
        name: store.place,
        read: () => readStore(store),
        watch: (hint) => store.watch(hint),
        same: sameCa,
        onEvent,
        ...(timers !== undefined && { timers }),
      },
      first,
    );
    return new Authority(watched, options);
  }

  /** Signs a key for these names, whoever asks: that they may is decided before. */
  async sign({ publicKey, names, client, lifetime }: SignRequest): Promise<Signed> {
    const { signing } = this.#rollover;
    const now = this.#clock.now();
    if (signing.expires <= now + leastLifetime)
      throw new UnusableCa('the CA has expired: nothing can be signed with it');
    const granted = Math.max(leastLifetime, Math.min(lifetime ?? this.lifetime, this.lifetime));
    const leaf = await issueLeaf(signing, { publicKey, names, client, lifetime: granted, now });
    return { chain: [leaf, ...(signing.chain === '' ? [] : [signing.chain])], roots: this.roots() };
  }

  /** PEM: the roots that everybody is to believe. */
  roots(): string {
    return believed(this.#rollover).join('');
  }

  /** The life of what signs now, up to the end of the first certificate that it depends on. */
  validity(): Validity {
    const { certificate, expires } = this.#rollover.signing;
    return { from: certificate.validFromDate.getTime(), to: expires };
  }

  /** Calls `listener` whenever it signs with something else or others are to be believed; returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#alarm.stop();
    this.#watched.close();
    this.#listeners.clear();
  }

  #moment(): { readonly now: number; readonly overlap: number } {
    return { now: this.#clock.now(), overlap: this.lifetime };
  }

  #turn(state: Rollover): void {
    const changed = state !== this.#rollover;
    this.#rollover = state;
    this.#alarm.set(dueAt(state));
    if (changed) for (const listener of this.#listeners) listener();
  }
}

/** How often, and how long in milliseconds in all, it is waited for whoever else is writing the files. */
const patience = { tries: 50, every: 100 } as const;

async function openFirst({ store, organization }: AuthorityOptions, { now }: WallClock): Promise<Reading<CaMaterial>> {
  try {
    if ((await store.read()) !== null) return await readStore(store);
    if (await store.create(await newRoot({ organization, lifetime: rootLifetime, now: now() }))) {
      return await readStore(store);
    }
    for (let tries = 1; ; tries += 1) {
      const outcome = await readStore(store);
      if (outcome.kind === 'read' || tries === patience.tries) return outcome;
      await delay(patience.every);
    }
  } catch (error) {
    if (error instanceof Broken) return { kind: 'broken', reason: error.message };
    throw error;
  }
}

async function readStore(store: CaStore): Promise<Reading<CaMaterial>> {
  try {
    const files = await store.read();
    if (files === null) return { kind: 'broken', reason: `there is no ${store.place}ca-cert.pem any more` };
    return await readCa(files, store.place);
  } catch (error) {
    if (error instanceof Broken) return { kind: 'broken', reason: error.message };
    throw error;
  }
}
