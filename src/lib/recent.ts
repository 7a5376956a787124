// Holds what was used a moment ago, so that the garbage collector does not take it from under those who come next.

/** A function that returns what it is given, and holds it for `time` to twice `time` milliseconds. */
export function recent<T extends object>(time: number): (value: T) => T {
  let young = new Set<T>();
  let old = new Set<T>();
  let timer: NodeJS.Timeout | undefined;
  const age = (): void => {
    old = young;
    young = new Set();
    if (old.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  return (value) => {
    young.add(value);
    timer ??= setInterval(age, time).unref();
    return value;
  };
}
