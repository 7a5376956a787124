// Remembers what a pure function returned, by the identity of all its arguments.
//
// Invariant: nothing here is keyed by hand. An object argument is a weak key, so what is no longer used anywhere is
// forgotten; a primitive argument hangs below the object before it.

interface Node {
  weak: WeakMap<WeakKey, Node> | undefined;
  strong: Map<unknown, Node> | undefined;
  result: { readonly value: unknown } | undefined;
}

const emptyNode = (): Node => ({ weak: undefined, strong: undefined, result: undefined });

function isWeakKey(value: unknown): value is WeakKey {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function child(node: Node, key: unknown): Node {
  if (isWeakKey(key)) {
    node.weak ??= new WeakMap();
    return node.weak.get(key) ?? insert(node.weak, key);
  }
  node.strong ??= new Map();
  return node.strong.get(key) ?? insert(node.strong, key);
}

function insert<K>(map: { set(key: K, value: Node): unknown }, key: K): Node {
  const created = emptyNode();
  map.set(key, created);
  return created;
}

/**
 * A function that runs `compute` once per combination of arguments and gives the same result object ever after.
 * At least one argument should be an object: primitives alone are never forgotten.
 */
export function memo<A extends readonly unknown[], R>(compute: (...args: A) => R): (...args: A) => R {
  const root = emptyNode();
  return (...args) => {
    let node = root;
    for (const arg of args) node = child(node, arg);
    node.result ??= { value: compute(...args) };
    return node.result.value as R;
  };
}

/** A value computed at its first use and kept. */
export function lazy<T>(compute: () => T): () => T {
  let cell: { readonly value: T } | undefined;
  return () => {
    cell ??= { value: compute() };
    return cell.value;
  };
}
