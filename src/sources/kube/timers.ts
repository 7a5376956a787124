// How long what takes at a Kubernetes API, and how long to wait after it failed. All in milliseconds.
export interface KubeTimers {
  /** How long the API is asked to keep a watch up; chance decides, so that not all come again at once. */
  readonly watch: { readonly least: number; readonly most: number };
  /** … of one that is to say soon how far it is. */
  readonly shortWatch: number;
  /** How long a watch may say nothing, not even a bookmark, which comes every minute. */
  readonly idle: number;
  /** How long the answer to a list may be silent. */
  readonly answer: number;
  /** After failures in a row. */
  readonly backoff: { readonly first: number; readonly most: number };
  /** How often it is asked which kinds there are. */
  readonly discovery: number;
}

export const defaultTimers: KubeTimers = {
  watch: { least: 240_000, most: 480_000 },
  shortWatch: 3_000,
  idle: 90_000,
  answer: 60_000,
  backoff: { first: 500, most: 30_000 },
  discovery: 30_000,
};

/** After so many failures in a row, at least 1; half of it is chance. Never sooner than the API asked for. */
export function delayAfter(failures: number, { backoff }: KubeTimers, retryAfter: number | null): number {
  const full = Math.min(backoff.most, backoff.first * 2 ** Math.min(failures - 1, 20));
  return Math.max(full * (0.5 + Math.random() / 2), retryAfter ?? 0);
}

/** Resolves after that time, or at once when `signal` aborts. */
export function pause(time: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, time);
    signal.addEventListener('abort', done);
  });
}
