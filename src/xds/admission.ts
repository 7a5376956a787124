// How many streams are brought up to date at the same time. The others wait unread, in order, for so long and so many at
// most; streams that are up to date are never behind them.

export interface AdmissionOptions {
  /** How many at the same time. */
  readonly syncing: number;
  /** How many may wait. */
  readonly waiting: number;
  /** For how long one may wait, and for how long it counts as one that is being brought up to date, in milliseconds. */
  readonly longestWait: number;
  readonly longestSync: number;
}

export interface Applicant {
  /** `leave` gives the place to the next; it may be called more than once. */
  admitted(leave: () => void): void;
  refused(reason: string): void;
}

/** Who is being brought up to date, and who waits for it. */
export class Admission {
  readonly #options: AdmissionOptions;
  /** Each with the end of its patience. */
  readonly #waiting = new Map<Applicant, NodeJS.Timeout>();
  /** Each with the end of its turn. */
  readonly #inside = new Map<Applicant, NodeJS.Timeout>();
  #admitting = false;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Returns what is called when the applicant has gone. */
  enter(applicant: Applicant): () => void {
    const { waiting, longestWait } = this.#options;
    if (this.#waiting.size >= waiting) {
      applicant.refused('too many proxies wait to be brought up to date; try again');
      return () => {};
    }
    const giveUp = (): void => {
      this.#waiting.delete(applicant);
      applicant.refused('too many proxies are being brought up to date; try again');
    };
    this.#waiting.set(applicant, setTimeout(giveUp, longestWait));
    this.#admit();
    return () => {
      clearTimeout(this.#waiting.get(applicant));
      this.#waiting.delete(applicant);
      this.#leave(applicant);
    };
  }

  /** A loop, and never inside itself: whoever is admitted may leave at once. */
  #admit(): void {
    if (this.#admitting) return;
    this.#admitting = true;
    for (const [applicant, timer] of this.#waiting) {
      if (this.#inside.size >= this.#options.syncing) break;
      clearTimeout(timer);
      this.#waiting.delete(applicant);
      const leave = (): void => this.#leave(applicant);
      this.#inside.set(applicant, setTimeout(leave, this.#options.longestSync));
      applicant.admitted(leave);
    }
    this.#admitting = false;
  }

  #leave(applicant: Applicant): void {
    clearTimeout(this.#inside.get(applicant));
    if (this.#inside.delete(applicant)) this.#admit();
  }
}
