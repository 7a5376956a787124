// What both the match of a route that delegates and that of the route it delegates to ask for.

import { everything } from '../../crds/virtual-service/match.ts';
import { sortedBy } from '../../lib/sorted.ts';
import { type Labels, noLabels } from '../../model/endpoint.ts';
import type { Origin } from '../../model/origin.ts';
import type { ClientMatch, HeaderMatch, HttpMatch, ParameterMatch, ValueMatch } from '../../model/route.ts';

/** Whether what `leaf` asks for lies within what `root` asks for; with regexes nobody can tell, so they never do. */
function within(root: ValueMatch, leaf: ValueMatch): boolean {
  if (root.kind === 'present') return true;
  if (leaf.kind === 'present' || root.kind === 'regex' || leaf.kind === 'regex') return false;
  if (root.kind === 'exact') return leaf.kind === 'exact' && leaf.text === root.text;
  return leaf.text.startsWith(root.text);
}

const key = (each: ParameterMatch & { readonly negated?: boolean }): string => `${each.negated === true} ${each.name}`;

/** Both lists as one, by name; null: they contradict each other. */
function merged<M extends ParameterMatch>(root: readonly M[], leaf: readonly M[]): readonly M[] | null {
  const own = new Map(leaf.map((each) => [key(each), each] as const));
  const contradicts = (each: M): boolean => {
    const other = own.get(key(each));
    return other !== undefined && !within(each.value, other.value);
  };
  if (root.some(contradicts)) return null;
  return [...root.filter((each) => !own.has(key(each))), ...leaf];
}

const isPseudo = ({ name }: HeaderMatch): boolean => name.startsWith(':');
const order = [':method', ':authority', ':scheme'];

/** As in a match of its own: by name, with what is no header last. */
function inOrder(headers: readonly HeaderMatch[]): readonly HeaderMatch[] {
  const plain = sortedBy(
    headers.filter((each) => !isPseudo(each)),
    ({ name }) => name,
  );
  return [...plain, ...sortedBy(headers.filter(isPseudo), ({ name }) => String(order.indexOf(name)))];
}

function mergedLabels(root: Labels, leaf: Labels): Labels | null {
  for (const [name, value] of root) if ((leaf.get(name) ?? value) !== value) return null;
  if (root.size === 0 && leaf.size === 0) return noLabels;
  return new Map(sortedBy([...root, ...leaf], ([name]) => name));
}

/** The value that both have, or that one has and the other leaves open; undefined: they differ. */
function same<T>(root: T | null, leaf: T | null): T | null | undefined {
  return root !== null && leaf !== null && root !== leaf ? undefined : (leaf ?? root);
}

function mergedClient(root: ClientMatch, leaf: ClientMatch): ClientMatch | null {
  const labels = mergedLabels(root.labels, leaf.labels);
  const port = same(root.port, leaf.port);
  const namespace = same(root.namespace, leaf.namespace);
  if (labels === null || port === undefined || namespace === undefined) return null;
  const { gateways } = root;
  const own = leaf.gateways?.filter((each) => gateways === null || gateways.includes(each)) ?? gateways;
  return own?.length === 0 ? null : { port, labels, namespace, gateways: own };
}

function mergedMatch(root: HttpMatch, leaf: HttpMatch): HttpMatch | null {
  const headers = merged(root.headers, leaf.headers);
  const parameters = merged(root.parameters, leaf.parameters);
  const client = mergedClient(root.client, leaf.client);
  const paths = root.path !== null && leaf.path !== null;
  const apart = paths && (root.ignoreCase !== leaf.ignoreCase || !within(root.path, leaf.path));
  if (headers === null || parameters === null || client === null || apart) return null;
  return {
    name: [root.name, leaf.name].filter(Boolean).join('-'),
    statPrefix: leaf.statPrefix ?? root.statPrefix,
    path: leaf.path ?? root.path,
    ignoreCase: leaf.path === null ? root.ignoreCase : leaf.ignoreCase,
    headers: inOrder(headers),
    parameters: sortedBy(parameters, ({ name }) => name),
    client,
    origin: leaf.origin,
  };
}

export interface MergedMatches {
  readonly value: readonly HttpMatch[];
  /** Where matches stand that no request can meet. */
  readonly conflicts: readonly Origin[];
}

/** Every match of the root with every one of the leaf; null is a route for every request. */
export function mergeMatches(
  root: readonly HttpMatch[] | null,
  leaf: readonly HttpMatch[] | null,
  origin: Origin,
): MergedMatches {
  if (root === null) return { value: leaf ?? [everything(origin)], conflicts: [] };
  if (leaf === null) return { value: root, conflicts: [] };
  const pairs = leaf.map((own) => ({
    own,
    found: root.flatMap((each) => mergedMatch(each, own) ?? []),
  }));
  const conflicts = pairs.filter(({ found }) => found.length === 0).map(({ own }) => own.origin);
  // The root's order comes first, as Istio has it.
  const value = root.flatMap((each) => leaf.flatMap((own) => mergedMatch(each, own) ?? []));
  return { value, conflicts: root.length === 0 ? [] : conflicts };
}
