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

export interface Admission {
  /** Returns what is called when the applicant has gone. */
  enter(applicant: Applicant): () => void;
  /** Those who wait now. */
  readonly waiting: number;
}

export function admission({ syncing, waiting, longestWait, longestSync }: AdmissionOptions): Admission {
  const queue = new Map<Applicant, NodeJS.Timeout>();
  let inside = 0;

  const admit = (applicant: Applicant): (() => void) => {
    inside += 1;
    let left = false;
    const leave = (): void => {
      if (left) return;
      left = true;
      clearTimeout(timer);
      inside -= 1;
      admitNext();
    };
    const timer = setTimeout(leave, longestSync);
    applicant.admitted(leave);
    return leave;
  };
  const leaves = new Map<Applicant, () => void>();
  const admitNext = (): void => {
    const [next] = queue;
    if (next === undefined || inside >= syncing) return;
    const [applicant, timer] = next;
    clearTimeout(timer);
    queue.delete(applicant);
    leaves.set(applicant, admit(applicant));
  };
  const withdraw = (applicant: Applicant): void => {
    clearTimeout(queue.get(applicant));
    queue.delete(applicant);
    leaves.get(applicant)?.();
    leaves.delete(applicant);
  };
  const wait = (applicant: Applicant): void => {
    const giveUp = (): void => {
      queue.delete(applicant);
      applicant.refused('too many proxies are being brought up to date; try again');
    };
    queue.set(applicant, setTimeout(giveUp, longestWait));
  };

  return {
    enter(applicant) {
      if (inside < syncing) leaves.set(applicant, admit(applicant));
      else if (queue.size < waiting) wait(applicant);
      else applicant.refused('too many proxies wait to be brought up to date; try again');
      return () => withdraw(applicant);
    },
    get waiting() {
      return queue.size;
    },
  };
}
