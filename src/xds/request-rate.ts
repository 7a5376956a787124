// A token bucket: how fast a stream's requests are read. Large ones count for more.

export interface RequestRate {
  /** How many may come at once, */
  readonly burst: number;
  /** and how many a second for long. */
  readonly perSecond: number;
}

/** In bytes: a request of this size counts twice. */
const weight = 64 << 10;

/**
 * Counts the requests of one stream. The function takes a request's length and the time in milliseconds, and gives how
 * long to wait before the next one is read: 0 for not at all.
 */
export function requestMeter({ burst, perSecond }: RequestRate): (length: number, now: number) => number {
  let tokens = burst;
  let last = Number.NEGATIVE_INFINITY;
  return (length, now) => {
    if (now > last) tokens = Math.min(burst, tokens + ((now - last) / 1000) * perSecond);
    last = now;
    tokens -= 1 + length / weight;
    return tokens >= 0 ? 0 : Math.ceil((-tokens / perSecond) * 1000);
  };
}
