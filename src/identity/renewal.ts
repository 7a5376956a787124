// When a certificate is to be renewed.

/** In milliseconds since 1970. */
export interface Validity {
  readonly from: number;
  readonly to: number;
}

/** Between these shares of a certificate's life it is renewed; where between is chance, so that not all come at once. */
const shares = { first: 0.5, last: 0.8 } as const;

/** In milliseconds: not sooner than that, however short the rest of the CA's own life is. */
const least = 1_000;

/** Of a certificate that came at `now`, which may be some time after its validity began. `chance`: at least 0 and less than 1. */
export function renewalTime({ from, to }: Validity, now: number, chance: number): number {
  const begin = Math.min(Math.max(from, now), to);
  const at = begin + (to - begin) * (shares.first + (shares.last - shares.first) * chance);
  return Math.max(at, now + least);
}

/** All in milliseconds. */
const backoff = { first: 1_000, most: 60_000 } as const;

/** How long to wait after so many failures in a row, at least 1; whoever has little time left waits for less. */
export function retryDelay(failures: number, left: number, chance: number): number {
  const most = Math.min(backoff.most, backoff.first * 2 ** Math.min(failures - 1, 10));
  const wait = most * (0.5 + chance / 2);
  return left > 0 ? Math.max(Math.min(wait, left / 10), 100) : wait;
}
