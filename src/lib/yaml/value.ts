// Turns the library's nodes into frozen JSON: aliases and merge keys written out, within limits, keys unique.
import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import { isObject, type JsonObject, type JsonValue } from '../json.ts';
import type { YamlLimits } from './limits.ts';

/** Why a document is refused, and the offset in its text. */
export interface YamlProblem {
  readonly code: 'SLC0001' | 'SLC0002';
  readonly offset: number;
  readonly message: string;
}

export type YamlValue =
  | { readonly kind: 'value'; readonly value: JsonValue }
  | { readonly kind: 'problem'; readonly problem: YamlProblem };

/** What an anchor stands for; `open` while its own node is being read. */
type Anchored = 'open' | { readonly value: JsonValue; readonly length: number; readonly height: number };

/** V8 cuts strings of this length and more out of their parent without copying them. */
const slicedLength = 13;

/**
 * The JSON value of a node. Invariant: no string in it keeps the document's text in memory, and no key reaches a
 * prototype: `__proto__` is a field like any other.
 */
export function yamlValue(node: Node | null, limits: YamlLimits): YamlValue {
  const reading = new Reading(limits);
  const value = node === null ? null : reading.value(node, 0);
  return reading.problem === null ? { kind: 'value', value } : { kind: 'problem', problem: reading.problem };
}

/** Whether the pair is a merge key, `<<: *base`. */
export function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.value === '<<' && key.type === 'PLAIN';
}

/** A copy that does not hold on to the text that it was cut from. */
export function detached(text: string): string {
  return text.length < slicedLength ? text : Buffer.from(text).toString();
}

/** One pass over a document, in its order. After the first problem everything is null and nothing is looked at. */
class Reading {
  problem: YamlProblem | null = null;
  readonly #limits: YamlLimits;
  readonly #anchors = new Map<string, Anchored>();
  /** Length of what was read, with aliases written out. */
  #length = 0;
  /** How deep lists and mappings were nested since it was last set back. */
  #deepest = 0;

  constructor(limits: YamlLimits) {
    this.#limits = limits;
  }

  value(node: Node, depth: number): JsonValue {
    if (isAlias(node)) return this.#alias(node.source, depth, start(node));
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor === undefined) return this.#plainValue(node, depth);
    const length = this.#length;
    const deepest = this.#deepest;
    this.#deepest = depth;
    this.#anchors.set(anchor, 'open');
    const value = this.#plainValue(node, depth);
    this.#anchors.set(anchor, { value, length: this.#length - length, height: this.#deepest - depth });
    this.#deepest = Math.max(this.#deepest, deepest);
    return value;
  }

  #plainValue(node: Node, depth: number): JsonValue {
    this.#grow(1, isMap(node) || isSeq(node) ? depth + 1 : depth, start(node));
    if (this.problem !== null) return null;
    if (isMap(node)) return this.#map(node, depth);
    if (isSeq(node)) return Object.freeze(node.items.map((item) => this.#item(item, depth + 1)));
    return isScalar(node) ? this.#scalar(node.value, depth, start(node)) : null;
  }

  #item(item: unknown, depth: number): JsonValue {
    return isAlias(item) || isMap(item) || isSeq(item) || isScalar(item) ? this.value(item, depth) : null;
  }

  #scalar(value: unknown, depth: number, offset: number): JsonValue {
    if (typeof value !== 'string') return typeof value === 'number' || typeof value === 'boolean' ? value : null;
    this.#grow(value.length, depth, offset);
    if (!value.isWellFormed()) this.#refuse('SLC0001', offset, 'the text contains one half of a surrogate pair');
    return this.problem === null ? detached(value) : null;
  }

  #map(node: YAMLMap, depth: number): JsonObject {
    const map: Record<string, JsonValue> = {};
    const merged: JsonValue[] = [];
    const seen = new Set<string>();
    for (const pair of node.items) {
      const key = this.#key(pair, seen, depth);
      if (this.problem !== null) break;
      const value = this.#item(pair.value, depth + 1);
      if (isMergeKey(pair.key)) merged.push(...this.#mergeSources(value, start(pair.key)));
      else setField(map, key, value);
    }
    for (const source of this.problem === null ? merged : []) {
      for (const [key, value] of Object.entries(source ?? {})) if (!Object.hasOwn(map, key)) setField(map, key, value);
    }
    return Object.freeze(map);
  }

  #key({ key }: Pair, seen: Set<string>, depth: number): string {
    const text = isScalar(key) ? String(key.value ?? '') : '';
    this.#scalar(text, depth, start(key));
    if (seen.has(text)) this.#refuse('SLC0001', start(key), `the key ${JSON.stringify(clipped(text))} appears twice`);
    seen.add(text);
    return text;
  }

  #mergeSources(value: JsonValue, offset: number): readonly JsonValue[] {
    const sources: readonly JsonValue[] = Array.isArray(value) ? value : [value];
    if (this.problem === null && !sources.every((source) => isObject(source))) {
      this.#refuse('SLC0001', offset, 'the merge key << needs a mapping or a list of mappings');
    }
    return sources;
  }

  #alias(name: string, depth: number, offset: number): JsonValue {
    const anchored = this.#anchors.get(name);
    if (anchored === undefined) this.#refuse('SLC0001', offset, `the alias *${clipped(name)} has no anchor before it`);
    else if (anchored === 'open') this.#refuse('SLC0001', offset, `the alias *${clipped(name)} contains itself`);
    else {
      this.#grow(anchored.length, depth + anchored.height, offset);
      if (this.problem === null) return anchored.value;
    }
    return null;
  }

  /** Counts `length` more, found inside of `levels` lists and mappings. */
  #grow(length: number, levels: number, offset: number): void {
    this.#length += length;
    this.#deepest = Math.max(this.#deepest, levels);
    const { documentLength, depth } = this.#limits;
    if (this.#length > documentLength) {
      const message = `with its aliases written out the document has more than ${documentLength} characters`;
      this.#refuse('SLC0002', offset, message);
    } else if (levels > depth) {
      this.#refuse('SLC0002', offset, `lists and mappings are nested more than ${depth} deep`);
    }
  }

  #refuse(code: YamlProblem['code'], offset: number, message: string): void {
    this.problem ??= { code, offset, message };
  }
}

function start(node: unknown): number {
  const positioned = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : undefined;
  return positioned?.[0] ?? 0;
}

function clipped(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function setField(map: Record<string, JsonValue>, key: string, value: JsonValue): void {
  if (key !== '__proto__') map[key] = value;
  else Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
}
