// YAML with the sidecars added: what makes pods is written anew, everything else stays letter by letter.
import { injectWorkload, type WorkloadOptions } from '../../inject/workload.ts';
import { isObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import { composeDocument } from '../../lib/yaml/document.ts';
import { yamlValue } from '../../lib/yaml/value.ts';
import { type Diagnostic, diagnoseFile } from '../../model/diagnostic.ts';
import type { Path } from '../../model/object.ts';
import { defaultLimits } from '../../sources/limits.ts';
import type { NamedText } from '../../sources/text.ts';
import { findField, placesIn } from '../../sources/yaml-place.ts';
import { type DocumentText, splitDocuments } from '../../sources/yaml-split.ts';

/** A document as it is written in the end; `text` is the original where nothing has changed. */
export interface WrittenDocument {
  readonly json: JsonValue;
  readonly text: string | null;
}

export interface Written {
  /** Without those that do not parse or are refused. */
  readonly documents: readonly WrittenDocument[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Adds the sidecars to all objects of a text, in their order. */
export function injectText({ name, text }: NamedText, options: WorkloadOptions): Written {
  const all = [...splitDocuments(text)].map((part) => injectDocument(name, part, options));
  return {
    documents: all.flatMap(({ documents }) => documents),
    diagnostics: all.flatMap(({ diagnostics }) => diagnostics),
  };
}

/** The objects of a text, those in lists too. */
export function* objectsIn({ text }: NamedText): Generator<JsonObject> {
  for (const part of splitDocuments(text)) {
    const composed = composeDocument(part.text, defaultLimits);
    if (composed.kind !== 'document') continue;
    const read = yamlValue(composed.document.contents, defaultLimits);
    if (read.kind === 'value') yield* flatten(read.value);
  }
}

function* flatten(value: JsonValue): Generator<JsonObject> {
  if (!isObject(value)) return;
  if (isList(value)) for (const item of value.items) yield* flatten(item);
  else yield value;
}

type ListObject = JsonObject & { readonly items: readonly JsonValue[] };

const isList = (json: JsonObject): json is ListObject =>
  typeof json['kind'] === 'string' && json['kind'].endsWith('List') && Array.isArray(json['items']);

function injectDocument(file: string, { text, line: first }: DocumentText, options: WorkloadOptions): Written {
  const placeOf = placesIn(text);
  const location = (offset: number) => {
    const { line, column } = placeOf(offset);
    return { file, line: line + first - 1, column };
  };
  const composed = composeDocument(text, defaultLimits);
  if (composed.kind === 'empty') return { documents: [], diagnostics: [] };
  const read = composed.kind === 'problem' ? composed : yamlValue(composed.document.contents, defaultLimits);
  if (composed.kind === 'problem' || read.kind === 'problem') {
    const { code, offset, message } = (read as Extract<typeof read, { kind: 'problem' }>).problem;
    return { documents: [], diagnostics: [diagnoseFile(code, location(offset), message)] };
  }
  const { json, diagnostics } = injectValue(read.value, [], options);
  const located = diagnostics.map(({ within, ...diagnostic }) => ({
    ...diagnostic,
    location: location(findField(composed.document, [...within, ...diagnostic.path])),
  }));
  if (json === undefined) return { documents: [], diagnostics: located };
  return { documents: [{ json, text: json === read.value ? bare(text) : null }], diagnostics: located };
}

interface InjectedValue {
  /** Undefined: refused. */
  readonly json: JsonValue | undefined;
  /** Each with the place of its object in the document. */
  readonly diagnostics: readonly (Diagnostic & { readonly within: Path })[];
}

function injectValue(value: JsonValue, within: Path, options: WorkloadOptions): InjectedValue {
  if (!isObject(value)) return { json: value, diagnostics: [] };
  if (isList(value)) return injectList(value, within, options);
  const injection = injectWorkload(value, options);
  if (injection === null) return { json: value, diagnostics: [] };
  const diagnostics = injection.diagnostics.map((each) => ({ ...each, within }));
  return { json: injection.kind === 'refused' ? undefined : injection.pod, diagnostics };
}

function injectList(list: ListObject, within: Path, options: WorkloadOptions): InjectedValue {
  const all = list.items.map((item, index) => injectValue(item, [...within, 'items', index], options));
  const items = all.flatMap(({ json }) => (json === undefined ? [] : [json]));
  const same = items.length === list.items.length && items.every((item, index) => item === list.items[index]);
  return { json: same ? list : { ...list, items }, diagnostics: all.flatMap(({ diagnostics }) => diagnostics) };
}

/** A document's own text without the marks around it. */
function bare(text: string): string {
  const lines = text.trimEnd().split('\n');
  const start = lines.findIndex((line) => line.startsWith('---'));
  const own = start >= 0 && lines[start]?.trimEnd() === '---' ? lines.toSpliced(start, 1) : lines;
  return `${own.filter((line) => line.trimEnd() !== '...').join('\n')}\n`;
}
