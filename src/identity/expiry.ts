// Certificates that come to their end, told in time.

const day = 24 * 3_600_000;
/** How long before the end it is told, in milliseconds; the shortest last. */
const warnings = [30 * day, 7 * day, day] as const;

export interface Expiring {
  /** Which certificate, for people and for metrics. */
  readonly name: string;
  /** In milliseconds since 1970; `from` is where its life began. */
  readonly from: number;
  readonly to: number;
}

/** 0: it is not told of; the larger, the more urgent. The last one: it has expired. */
export type Urgency = 0 | 1 | 2 | 3 | 4;

/** Certificates that live for days are renewed all the time: warnings within the last half of their life only. */
export function urgency({ from, to }: Omit<Expiring, 'name'>, now: number): Urgency {
  if (now >= to) return 4;
  const passed = warnings.filter((each) => each <= (to - from) / 2 && to - now <= each).length;
  return passed as Urgency;
}

export interface ExpiryWatchOptions {
  /** What there is now. */
  readonly certificates: () => readonly Expiring[];
  /** Told once for every step, and once when a certificate was renewed after that (urgency 0). */
  readonly onStep: (certificate: Expiring, urgency: Urgency) => void;
  readonly now?: () => number;
  /** How often it is looked, in milliseconds. */
  readonly look?: number;
}

/** Looks now and from time to time; what is returned ends that. */
export function watchExpiry({ certificates, onStep, now = Date.now, look = 60_000 }: ExpiryWatchOptions): () => void {
  const told = new Map<string, Urgency>();
  const step = (): void => {
    for (const certificate of certificates()) {
      const next = urgency(certificate, now());
      if (next !== (told.get(certificate.name) ?? 0)) onStep(certificate, next);
      told.set(certificate.name, next);
    }
  };
  step();
  const timer = setInterval(step, look);
  timer.unref();
  return () => clearInterval(timer);
}
