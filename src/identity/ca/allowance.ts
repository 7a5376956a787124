// How much each of very many callers may have: some at once, and then one more from time to time.

export interface AllowanceLimits {
  readonly burst: number;
  /** How long until one more, in milliseconds. */
  readonly every: number;
}

export interface Allowance {
  /** Whether one more is allowed; if so it is taken. */
  take(caller: string): boolean;
}

/** So many are remembered; those who came longest ago are forgotten first. */
const mostCallers = 100_000;

/** `elapsed`: in milliseconds, of any beginning. */
export function createAllowance({ burst, every }: AllowanceLimits, elapsed: () => number): Allowance {
  const used = new Map<string, { readonly count: number; readonly at: number }>();
  return {
    take(caller) {
      const now = elapsed();
      const before = used.get(caller) ?? { count: 0, at: now };
      const count = Math.max(0, before.count - (now - before.at) / every);
      if (count + 1 > burst) return false;
      used.delete(caller);
      used.set(caller, { count: count + 1, at: now });
      const [oldest] = used.keys();
      if (used.size > mostCallers && oldest !== undefined) used.delete(oldest);
      return true;
    },
  };
}
