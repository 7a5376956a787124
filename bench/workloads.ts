// How much configuration, and for how many proxies.

/** The slowest of a hundred changes is a server's collection of garbage: with fewer, p99 is luck. A change at L takes seconds. */
export const changesOf = { S: 100, M: 40, L: 8 } as const;

export interface Size {
  readonly services: number;
  /** Of each service. */
  readonly endpoints: number;
  readonly proxies: number;
}

export const sizes = {
  S: { services: 100, endpoints: 10, proxies: 100 },
  M: { services: 1_000, endpoints: 10, proxies: 500 },
  L: { services: 10_000, endpoints: 10, proxies: 200 },
  storm: { services: 1_000, endpoints: 10, proxies: 1_000 },
} as const satisfies Readonly<Record<string, Size>>;

/** What can be measured, in this order. */
export const parts = ['S', 'M', 'L', 'prototype', 'namespaces', 'tls', 'storm', 'start', 'translation'] as const;
export type Part = (typeof parts)[number];

/** The same with fewer services and proxies, to see that everything works. */
export function scaled({ services, endpoints, proxies }: Size, scale: number): Size {
  return {
    services: Math.max(10, Math.round(services * scale)),
    endpoints,
    proxies: Math.max(2, Math.round(proxies * scale)),
  };
}
