// Keeps the certificate of a workload fresh: a new key each time, asked for well before the old one ends, and again and again
// where nobody answers. Invariant: as long as nothing better came, what there was stays.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { newCsr } from '../../identity/new-csr.ts';
import { renewalTime, retryDelay, type Validity } from '../../identity/renewal.ts';
import { Alarm, type WallClock, wallClock } from '../../identity/wall-clock.ts';

/** PEM texts. */
export interface WorkloadCertificate {
  /** The certificate and what links it to a root. */
  readonly chain: string;
  readonly key: string;
  /** All roots that are to be believed. */
  readonly roots: string;
  readonly validity: Validity;
}

export type KeeperEvent =
  | { readonly kind: 'issued'; readonly validity: Validity }
  /** Nothing of a key or a token is in the reason; `again`: in how many milliseconds it is tried again. */
  | { readonly kind: 'failed'; readonly reason: string; readonly again: number; readonly current: Validity | null };

export interface KeeperOptions {
  /** Asks for a certificate: PEM texts, the certificate first, all roots last. Rejects where there is none. */
  readonly request: (csr: string, current: WorkloadCertificate | null) => Promise<readonly string[]>;
  readonly onEvent: (event: KeeperEvent) => void;
  readonly clock?: WallClock;
}

export class CertificateKeeper {
  readonly #options: KeeperOptions;
  readonly #clock: WallClock;
  readonly #alarm: Alarm;
  readonly #listeners = new Set<(certificate: WorkloadCertificate) => void>();
  #current: WorkloadCertificate | null = null;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  /** Asks at once. */
  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#clock = options.clock ?? wallClock;
    this.#alarm = new Alarm(() => void this.#renew(), this.#clock);
    void this.#renew();
  }

  /** Null until the first one came. */
  current(): WorkloadCertificate | null {
    return this.#current;
  }

  /** Calls `listener` with every certificate that comes; returns what ends that. */
  onChange(listener: (certificate: WorkloadCertificate) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed = true;
    this.#alarm.stop();
    clearTimeout(this.#retry);
    this.#listeners.clear();
  }

  async #renew(): Promise<void> {
    try {
      const { key, csr } = await newCsr();
      const certificate = accept(await this.#options.request(csr, this.#current), key);
      if (!this.#closed) this.#take(certificate);
    } catch (error) {
      if (!this.#closed) this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  #take(certificate: WorkloadCertificate): void {
    const { validity } = certificate;
    this.#current = certificate;
    this.#failures = 0;
    this.#alarm.set(renewalTime(validity, this.#clock.now(), Math.random()), validity.from);
    this.#options.onEvent({ kind: 'issued', validity });
    for (const listener of this.#listeners) listener(certificate);
  }

  /** Tried again by the time that passes, whatever the clock on the wall says. */
  #fail(reason: string): void {
    this.#failures += 1;
    const current = this.#current?.validity ?? null;
    const left = current === null ? 0 : current.to - this.#clock.now();
    const again = Math.round(retryDelay(this.#failures, left, Math.random()));
    this.#options.onEvent({ kind: 'failed', reason, again, current });
    this.#retry = setTimeout(() => void this.#renew(), again);
  }
}

/** Throws where the answer is not a certificate for the key. */
function accept(answer: readonly string[], key: string): WorkloadCertificate {
  const [roots = '', chain] = [answer.at(-1), answer.slice(0, -1).join('')];
  if (chain === '') throw new Error('the answer has no certificate with its root');
  const leaf = new X509Certificate(chain);
  if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new Error('the certificate in the answer is for another key');
  if (!new X509Certificate(roots).ca) throw new Error('the last certificate in the answer is no root');
  const validity = { from: leaf.validFromDate.getTime(), to: leaf.validToDate.getTime() };
  return { chain, key, roots, validity };
}
