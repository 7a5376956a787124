// a translator that leaves out the objects on which it fails, so that one of them never stops all others.

import type { Steps } from '../lib/slices.ts';
import { type Diagnostic, diagnose, type Outcome } from '../model/diagnostic.ts';
import type { Mesh } from '../model/mesh.ts';
import type { ObjectId, ObjectSet, SourceObject } from '../model/object.ts';
import { originOf } from '../model/origin.ts';
import type { ProxyGroup, ProxyNode } from '../model/proxy.ts';
import { type Culprit, findCulprits } from './culprits.ts';
import type { Resources } from './emit/resources.ts';
import { type TranslateOptions, Translator } from './translator.ts';

export interface CarefulOptions extends TranslateOptions {
  /** Told of every fault that is found, once. */
  readonly onFault: (error: unknown, object: ObjectId | null) => void;
}

/** An object on which translation failed, in the form in which it did. */
interface Poison {
  readonly object: SourceObject;
  /** Its last form that did translate, if there is one: it stands in for the object. */
  readonly instead: SourceObject | null;
  readonly message: string;
  /** The proxies for which translating it failed; none: it failed for all. */
  readonly nodes: readonly ProxyNode[];
}

/** For how many proxies it is tried whether a set of objects translates: each costs the whole configuration of its group. */
const mostNodes = 4;

/**
 * Translates as `Translator` does, but for objects on which that throws: these stay as they were, or are left out, with a
 * diagnostic. Each is tried again whenever anything has changed.
 */
export class CarefulTranslator {
  readonly #options: CarefulOptions;
  #translator: Translator;
  #poisons: ReadonlyMap<ObjectId, Poison> = new Map();
  #objects: ObjectSet = new Map();
  /** What was translated last, and what was translated before without a fault. */
  #tried: ObjectSet = new Map();
  #good: ObjectSet = new Map();

  constructor(options: CarefulOptions) {
    this.#options = options;
    this.#translator = new Translator(options);
  }

  /** The mesh that the objects mean. Throws only if the fault is in none of them. */
  resolve(objects: ObjectSet): Outcome<Mesh> {
    this.#good = this.#tried;
    this.#objects = objects;
    this.#poisons = new Map([...this.#poisons].filter(([id, poison]) => objects.get(id) === poison.object));
    this.#release();
    return this.#resolve();
  }

  /** To be called when `emit` has thrown for these proxies: the mesh without what was at fault; null if none is found. */
  blame(nodes: readonly ProxyNode[]): Outcome<Mesh> | null {
    return this.#find(nodes.slice(0, mostNodes)) ? this.#resolve() : null;
  }

  /** The group of a proxy; equal groups are one object. */
  group(mesh: Mesh, node: ProxyNode): ProxyGroup {
    return this.#translator.group(mesh, node);
  }

  /** Makes the parts of what proxies of the group get, so that `emit` finds them made. */
  prepare(mesh: Mesh, group: ProxyGroup): Steps {
    return this.#translator.prepare(mesh, group);
  }

  /** What proxies of the group get. */
  emit(mesh: Mesh, group: ProxyGroup): Outcome<Resources> {
    return this.#translator.emit(mesh, group);
  }

  #resolve(): Outcome<Mesh> {
    for (let again = true; ; again = false) {
      this.#tried = this.#withoutPoison();
      try {
        const { value, diagnostics } = this.#translator.resolve(this.#tried);
        return { value, diagnostics: [...diagnostics, ...[...this.#poisons.values()].map(diagnosePoison)] };
      } catch (error) {
        if (again && this.#find([])) continue;
        this.#tried = this.#good;
        throw error;
      }
    }
  }

  /** Lets go of what no longer makes translation fail. */
  #release(): void {
    if (this.#poisons.size === 0) return;
    const nodes = [...new Set([...this.#poisons.values()].flatMap((poison) => poison.nodes))].slice(0, mostNodes);
    if (attempt(this.#translator, this.#objects, nodes) === null) this.#poisons = new Map();
  }

  #withoutPoison(): ObjectSet {
    if (this.#poisons.size === 0) return this.#objects;
    const clean = new Map(this.#objects);
    for (const [id, { instead }] of this.#poisons) {
      if (instead === null) clean.delete(id);
      else clean.set(id, instead);
    }
    return clean;
  }

  /** Whether something was found that can be left out. Trying things out must not touch what the translator remembers. */
  #find(nodes: readonly ProxyNode[]): boolean {
    const probe = new Translator(this.#options);
    const failure = attempt(probe, this.#tried, nodes);
    if (failure === null) {
      // It is what the translator remembers of earlier turns: a new one remembers nothing.
      this.#translator = new Translator(this.#options);
      return true;
    }
    const culprits = findCulprits(this.#tried, this.#good, (objects) => attempt(probe, objects, nodes));
    if (culprits === null || culprits.length === 0) return false;
    const found = culprits.flatMap((culprit) => this.#poison(culprit, nodes));
    this.#poisons = new Map([...this.#poisons, ...found]);
    return true;
  }

  #poison({ object: { id }, instead, error }: Culprit, nodes: readonly ProxyNode[]): readonly [ObjectId, Poison][] {
    const object = this.#objects.get(id);
    if (object === undefined) return [];
    this.#options.onFault(error, id);
    return [[id, { object, instead, message: error instanceof Error ? error.message : String(error), nodes }]];
  }
}

function attempt(translator: Translator, objects: ObjectSet, nodes: readonly ProxyNode[]) {
  try {
    const { value: mesh } = translator.resolve(objects);
    for (const node of nodes) translator.emit(mesh, translator.group(mesh, node));
    return null;
  } catch (error) {
    return { error };
  }
}

function diagnosePoison({ object, instead, message }: Poison): Diagnostic {
  const then = instead === null ? 'it is left out' : 'its last form that worked stays in force';
  return diagnose('SLC0502', originOf(object.id), `translating it failed: ${message}; ${then}`);
}
