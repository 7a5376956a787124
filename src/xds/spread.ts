// Ends that come one after the other, so that not all proxies connect anew at once.

/** Between two of them, in milliseconds: so long one takes to connect elsewhere. */
const spacing = 5;

/** Calls `end` for each at a random time within `longest` milliseconds, or sooner where there are few; resolves after the last. */
export async function spread<T>(all: readonly T[], longest: number, end: (each: T) => void): Promise<void> {
  const within = Math.min(longest, spacing * all.length);
  await Promise.all(
    all.map(async (each) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * within));
      end(each);
    }),
  );
}
