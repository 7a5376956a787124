// Sets one leaf of an object and looks at what becomes of it.
import { join } from 'node:path';
import { proxyNode } from '../../src/envoy/node.ts';
import { resourceKinds } from '../../src/envoy/types.ts';
import type { JsonObject, JsonValue } from '../../src/lib/json.ts';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import type { DiagnosticCode } from '../../src/model/diagnostic-codes.ts';
import { describePath, type ObjectSet } from '../../src/model/object.ts';
import type { ProxyNode } from '../../src/model/proxy.ts';
import { readOnce } from '../../src/sources/files.ts';
import { Translator } from '../../src/translate/translator.ts';
import { sourceObject } from '../translate/objects.ts';
import type { Crd } from './crds.ts';
import { overlay, wrap } from './json.ts';
import type { Context, KindCase } from './kind-case.ts';
import { describe, type Leaf, parse } from './leaves.ts';

export type Outcome =
  | { readonly kind: 'works'; readonly codes: readonly DiagnosticCode[] }
  /** It has no effect, and the user is told why. */
  | { readonly kind: 'said'; readonly code: DiagnosticCode; readonly message: string }
  | { readonly kind: 'silent'; readonly why: string };

/** What may be said of any good value: that it is not supported, and that there is a newer way to write it. */
const usual: readonly DiagnosticCode[] = ['SLC0108', 'SLC0109'];

const places = { region: 'r1', zone: 'r1a', subZone: '' };
/** Whoever a field may make a difference for. */
export const nodes: readonly ProxyNode[] = [
  proxyNode({ name: 'client', ip: '10.2.0.1', locality: places }),
  proxyNode({ namespace: 'elsewhere' }),
  proxyNode({ name: 'shop-1', ip: '10.1.0.1' }),
  proxyNode({ name: 'gateway', role: 'router', labels: new Map([['istio', 'ingressgateway']]) }),
];

interface Translated {
  readonly resources: ReadonlySet<string>;
  readonly diagnostics: readonly Diagnostic[];
}

/** The mesh in which objects are tried. */
export async function readMesh(): Promise<ObjectSet> {
  const { objects } = await readOnce([join(import.meta.dirname, 'mesh.yaml')]);
  return objects;
}

const has = (path: readonly string[], prefix: readonly string[]): boolean =>
  prefix.every((step, index) => path[index] === step);

/** A path, and what it is called where its sub-tree is the same as another. */
export function formsOf(path: readonly string[], { same }: KindCase): readonly (readonly string[])[] {
  const forms = [path];
  for (const { here, as } of same) {
    const last = forms.at(-1) ?? path;
    const from = parse(here);
    if (has(last, from)) forms.push([...parse(as), ...last.slice(from.length)]);
  }
  return forms;
}

interface Applied {
  readonly context: Context;
  /** Where `put` goes in the object. */
  readonly at: readonly string[];
  readonly isExact: boolean;
}

function contextsOf({ path }: Leaf, kindCase: KindCase): readonly Applied[] {
  const forms = formsOf(path, kindCase);
  return kindCase.contexts.flatMap((context) => {
    const target = parse(context.for);
    const form = forms.find((each) => has(each, target));
    if (form === undefined) return [];
    const at = context.at === undefined ? target : parse(context.at);
    const isExact = form.length === target.length;
    return [{ context, at: at.length === 0 ? [] : path.slice(0, path.length - (form.length - at.length)), isExact }];
  });
}

/** An object's spec with all that a leaf needs beside it. */
export function withContexts(spec: JsonValue, leaf: Leaf, kindCase: KindCase): JsonValue {
  return contextsOf(leaf, kindCase).reduce<JsonValue>(
    (below, { context, at }) => (context.put === undefined ? below : overlay(below, wrap(at, context.put))),
    spec,
  );
}

/** Values that a leaf of the type may take; the first that makes a difference counts. */
function valuesFor({ type, schema }: Leaf): readonly JsonValue[] {
  const single = ((): readonly JsonValue[] => {
    if (schema.enum !== undefined) return schema.enum;
    if (schema.type === 'boolean') return [true, false];
    if (schema.type === 'integer' || schema.type === 'number') return [7];
    return type.endsWith('any') ? [{ x: 'y' }] : ['x', '7s'];
  })();
  return type.startsWith('list of') ? single.map((each) => [each]) : single;
}

/** Tries the leaves of one kind, each in an object of its own. */
export class Trials {
  readonly #crd: Crd;
  readonly #kindCase: KindCase;
  readonly #mesh: ObjectSet;
  readonly #translator = new Translator({ allowLoopbackEndpoints: false });

  constructor(crd: Crd, kindCase: KindCase, mesh: ObjectSet) {
    this.#crd = crd;
    this.#kindCase = kindCase;
    const others = kindCase.objects.map(sourceObject).map((object) => [object.id, object] as const);
    this.#mesh = new Map([...mesh, ...others]);
  }

  /** What comes of a leaf. */
  outcome(leaf: Leaf): Outcome {
    if (this.#kindCase.names?.includes(describe(leaf.path))) return { kind: 'works', codes: [] };
    const applied = contextsOf(leaf, this.#kindCase);
    const base = withContexts(this.#kindCase.spec, leaf, this.#kindCase);
    const given = applied.flatMap(({ context, isExact }) =>
      isExact && context.value !== undefined ? [context.value] : [],
    );
    const may = new Set([...usual, ...applied.flatMap(({ context }) => context.says ?? [])]);
    const before = this.#translate(base);
    const outcomes = (given.length > 0 ? given : valuesFor(leaf)).map((value) =>
      judge({ before, after: this.#translate(overlay(base, wrap(leaf.path, value))), value, may }),
    );
    const best = (['works', 'said', 'silent'] as const).map((kind) => outcomes.find((each) => each.kind === kind));
    return best.find((each) => each !== undefined) ?? { kind: 'silent', why: 'no value to try' };
  }

  #translate(spec: JsonValue): Translated {
    const { apiVersion, kind } = this.#crd;
    const object = sourceObject({ apiVersion, kind, metadata: { name: 'tried' }, spec } as JsonObject);
    const { value: mesh, diagnostics } = this.#translator.resolve(new Map([...this.#mesh, [object.id, object]]));
    const said = [...diagnostics];
    const resources = nodes.flatMap((node, index) => {
      const { value, diagnostics: more } = this.#translator.emit(mesh, this.#translator.group(mesh, node));
      said.push(...more);
      return resourceKinds.flatMap((each) =>
        [...value[each].values()].map(({ name, version }) => `${index} ${each} ${name} ${version}`),
      );
    });
    return { resources: new Set(resources), diagnostics: said };
  }
}

const textOf = ({ code, path, message }: Diagnostic): string => `${code} ${describePath(path)}: ${message}`;

interface Evidence {
  readonly before: Translated;
  readonly after: Translated;
  readonly value: JsonValue;
  readonly may: ReadonlySet<DiagnosticCode>;
}

function judge({ before, after, value, may }: Evidence): Outcome {
  const old = new Set(before.diagnostics.map(textOf));
  const fresh = after.diagnostics.filter((each) => !old.has(textOf(each)));
  const isSame = before.resources.symmetricDifference(after.resources).size === 0;
  const refusal = fresh.find(({ code }) => code === 'SLC0108') ?? (isSame ? fresh[0] : undefined);
  if (fresh.every(({ code }) => may.has(code))) {
    if (refusal !== undefined) return { kind: 'said', code: refusal.code, message: refusal.message };
    if (!isSame) return { kind: 'works', codes: [...new Set(fresh.map(({ code }) => code))] };
  }
  const shown = fresh.map(textOf).join('; ');
  return { kind: 'silent', why: `${JSON.stringify(value)}: ${isSame ? 'no difference' : 'not clean'}; ${shown}` };
}
