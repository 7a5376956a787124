// long work in slices, between which the event loop has its turn.

/** Work that may be put off wherever it yields. */
export type Steps<T = void> = Generator<void, T>;

/** How long a slice takes at least, in milliseconds; so many and one step at most. */
const longestSlice = 15;

/** Does the work, and lets the event loop have a turn after each slice. */
export async function inSlices<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const end = performance.now() + longestSlice;
    while (performance.now() < end) {
      const { done, value } = steps.next();
      if (done === true) return value as T;
    }
    await new Promise(setImmediate);
  }
}

/** Does the work at once. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value as T;
  }
}
