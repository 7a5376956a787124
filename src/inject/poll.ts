// Waits for something outside this process that announces nothing when it happens.
import { setTimeout as delay } from 'node:timers/promises';

export interface PollOptions {
  /** How long to wait at most, in milliseconds. */
  readonly within: number;
  /** Time between two looks, in milliseconds. */
  readonly every: number;
  /** What is waited for; said when it does not come. */
  readonly what: string;
}

/** Looks until `look` finds something, and gives that. Throws when it does not come in time. */
export async function poll<T>(look: () => Promise<T | undefined>, options: PollOptions): Promise<T> {
  const deadline = performance.now() + options.within;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`waited ${options.within} ms in vain for ${options.what}`);
    await delay(options.every);
  }
}
