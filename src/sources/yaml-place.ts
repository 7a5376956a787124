// Where in a document's text something is written, as people count lines and columns.
import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, type Node, parseDocument, visit } from 'yaml';
import { lazy } from '../lib/memo.ts';
import { isMergeKey } from '../lib/yaml/value.ts';
import type { Path } from '../model/object.ts';

/** A place in a text; line and column count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A function from an offset in the text to its line and column. */
export function placesIn(text: string): (offset: number) => Place {
  const lineStarts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (lineStarts[low] ?? 0) + 1 };
  };
}

/**
 * The offset at which the field at `path` is written: its key, or the item of a list; where the document does not hold it,
 * its nearest parent. Aliases and merge keys are followed to the text that they stand for. Given the document's text, a path
 * may lead into a block of it that is YAML itself, as in a ConfigMap.
 */
export function findField(document: Document.Parsed, path: Path, text = ''): number {
  const targets = lazy(() => aliasTargets(document));
  const target: Target = (node) => (isAlias(node) ? targets().get(node) : node);
  let offset = startOf(document.contents) ?? 0;
  let node: unknown = document.contents;
  for (const [index, part] of path.entries()) {
    const found = child(node, part, target);
    if (found === null) return findInBlock(node, path.slice(index), text) ?? offset;
    offset = startOf(found.mark) ?? offset;
    node = found.value;
  }
  return offset;
}

/** The offset in the text of what a literal block (`|`) says at `path`; null: there is no such block or field. */
function findInBlock(node: unknown, path: Path, text: string): number | null {
  if (!isScalar<string>(node) || node.type !== 'BLOCK_LITERAL' || !node.range) return null;
  const inner = parseDocument(node.value, { logLevel: 'silent' });
  const within = inner.errors.length === 0 && isMap(inner.contents) ? findField(inner, path) : null;
  if (within === null || !inner.has(path[0])) return null;
  const first = text.indexOf('\n', node.range[0]) + 1;
  const { line, column } = placesIn(node.value)(within);
  const lines = text.slice(first, node.range[2]).split('\n');
  const indent = Math.min(
    ...lines.filter((each) => each.trim() !== '').map((each) => each.length - each.trimStart().length),
  );
  const before = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  return first + before + indent + column - 1;
}

type Target = (node: unknown) => unknown;

interface Field {
  readonly mark: unknown;
  readonly value: unknown;
}

function child(parent: unknown, part: string | number, target: Target): Field | null {
  const node = target(parent);
  if (isSeq(node) && typeof part === 'number') {
    return part < node.items.length ? { mark: node.items[part], value: node.items[part] } : null;
  }
  if (!isMap(node)) return null;
  const own = node.items.find(({ key }) => isScalar(key) && key.value === part && !isMergeKey(key));
  if (own !== undefined) return { mark: own.key, value: own.value };
  for (const { key, value } of node.items) {
    const merged = isMergeKey(key) ? target(value) : [];
    for (const source of isSeq(merged) ? merged.items : [merged]) {
      const found = child(source, part, target);
      if (found !== null) return found;
    }
  }
  return null;
}

/** What each alias of a document stands for: the last node before it with its anchor. */
function aliasTargets(document: Document.Parsed): ReadonlyMap<Alias, Node> {
  const anchored = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Node: (_key, node) => {
      if (isAlias(node)) {
        const target = anchored.get(node.source);
        if (target !== undefined) targets.set(node, target);
      } else if (node.anchor !== undefined) anchored.set(node.anchor, node);
    },
  });
  return targets;
}

function startOf(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? (node as Node).range?.[0] : undefined;
}
