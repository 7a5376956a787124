// The control plane's own certificate, from its own CA: renewed in time, and whenever the CA changes. Who is connected stays so.
import { webcrypto, X509Certificate } from 'node:crypto';
import type { JsonGeneralName } from '@peculiar/x509';
import { pemBlocks } from '../pem.ts';
import { renewalTime, type Validity } from '../renewal.ts';
import { lapsedOf, type TlsMaterial } from '../tls-material.ts';
import { Alarm, type WallClock, wallClock } from '../wall-clock.ts';
import type { Authority } from './authority.ts';
import { keyPem, newKeyPair } from './signing-key.ts';

export interface ServerCertificateOptions {
  readonly authority: Authority;
  readonly names: readonly JsonGeneralName[];
  /** Told of every certificate that is in force, and of every try that failed. */
  readonly onEvent: (event: ServerCertificateEvent) => void;
  readonly clock?: WallClock;
}

export type ServerCertificateEvent =
  | { readonly kind: 'issued'; readonly validity: Validity }
  | { readonly kind: 'failed'; readonly error: unknown };

/** How long until the next try after one that failed, in milliseconds. */
const retry = 10_000;

const validityOf = (pem: string): Validity => {
  const { validFromDate, validToDate } = new X509Certificate(pem);
  return { from: validFromDate.getTime(), to: validToDate.getTime() };
};

interface Issued {
  readonly material: TlsMaterial;
  readonly validity: Validity;
}

async function issue({ authority, names }: ServerCertificateOptions): Promise<Issued> {
  const keys = await newKeyPair();
  const publicKey = new Uint8Array(await webcrypto.subtle.exportKey('spki', keys.publicKey));
  const { chain, roots } = await authority.sign({ publicKey, names, client: false, lifetime: null });
  const cert = chain.join('');
  const ends = pemBlocks(roots, 'CERTIFICATE').map((root) => validityOf(root).to);
  return { material: { cert, key: await keyPem(keys.privateKey), ca: roots, ends }, validity: validityOf(cert) };
}

export class ServerCertificate {
  readonly #options: ServerCertificateOptions;
  readonly #clock: WallClock;
  readonly #alarm: Alarm;
  readonly #listeners = new Set<() => void>();
  readonly #forget: () => void;
  #issued: Issued;
  /** How many renewals have begun: the last one counts. */
  #renewals = 0;

  private constructor(options: ServerCertificateOptions, first: Issued) {
    this.#options = options;
    this.#clock = options.clock ?? wallClock;
    this.#alarm = new Alarm(() => void this.#renew(), this.#clock);
    this.#forget = options.authority.onChange(() => void this.#renew());
    this.#issued = first;
    this.#take(first);
  }

  /** Issues the first one. Throws UnusableCa. */
  static async open(options: ServerCertificateOptions): Promise<ServerCertificate> {
    return new ServerCertificate(options, await issue(options));
  }

  /** What is in force, as node:tls takes it. */
  options(): TlsMaterial {
    return this.#issued.material;
  }

  /** How many of the roots have run out by now. */
  lapsed(): number {
    return lapsedOf(this.#issued.material);
  }

  validity(): Validity {
    return this.#issued.validity;
  }

  /** Calls `listener` whenever something new is in force; returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#forget();
    this.#alarm.stop();
    this.#listeners.clear();
    this.#renewals += 1;
  }

  async #renew(): Promise<void> {
    this.#renewals += 1;
    const turn = this.#renewals;
    try {
      const issued = await issue(this.#options);
      if (turn !== this.#renewals) return;
      this.#take(issued);
      for (const listener of this.#listeners) listener();
    } catch (error) {
      if (turn !== this.#renewals) return;
      this.#options.onEvent({ kind: 'failed', error });
      this.#alarm.set(this.#clock.now() + retry);
    }
  }

  #take(issued: Issued): void {
    this.#issued = issued;
    this.#alarm.set(renewalTime(issued.validity, this.#clock.now(), Math.random()), issued.validity.from);
    this.#options.onEvent({ kind: 'issued', validity: issued.validity });
  }
}
