// Finds the line of a field by parsing the text again, because no YAML document is kept.

import { composeDocument } from '../lib/yaml/document.ts';
import type { Path } from '../model/object.ts';
import type { SourceLimits } from './limits.ts';
import { digestOf } from './yaml.ts';
import { findField, type Place, placesIn } from './yaml-place.ts';
import { type DocumentText, splitDocuments } from './yaml-split.ts';

/** Where an object's text can be had, and which of the documents in it is the object's. */
export interface TextPlace {
  /** The file's text now; null if it cannot be read. The same function for all objects of a file. */
  readonly text: () => string | null;
  readonly digest: string;
  /** The object's place in its document. */
  readonly path: Path;
}

type Parts = ReadonlyMap<string, DocumentText>;
type FieldPlace = (path: Path) => Place | null;

/** How much is remembered: enough for neighbours, and for many lines of many files; little enough to be no burden. */
const mostCharacters = 64_000_000;
const mostDocuments = 32;

/** Remembers texts until the event loop's turn ends, as many lines are asked for at once or none. */
export class TextLookup {
  readonly #limits: SourceLimits;
  readonly #texts = new Map<TextPlace['text'], Parts>();
  #characters = 0;
  readonly #documents = new Map<string, FieldPlace>();
  #forgetting = false;

  constructor(limits: SourceLimits) {
    this.#limits = limits;
  }

  /** Where the field at `path` in the object stands in the file; null if the file no longer holds the object's document. */
  find({ text, digest, path: objectPath }: TextPlace, path: Path): Place | null {
    this.#forgetSoon();
    const part = this.#parts(text).get(digest);
    if (part === undefined) return null;
    const fieldPlace = remembered(this.#documents, digest, mostDocuments, () => fieldPlaces(part.text, this.#limits));
    const found = fieldPlace([...objectPath, ...path]);
    return found && { line: found.line + part.line - 1, column: found.column };
  }

  #parts(text: TextPlace['text']): Parts {
    const held = this.#texts.get(text);
    if (held !== undefined) return held;
    const content = text() ?? '';
    if (this.#characters + content.length > mostCharacters) this.#forgetTexts();
    this.#characters += content.length;
    const parts = partsOf(content);
    this.#texts.set(text, parts);
    return parts;
  }

  #forgetTexts(): void {
    this.#texts.clear();
    this.#characters = 0;
  }

  #forgetSoon(): void {
    if (this.#forgetting) return;
    this.#forgetting = true;
    setImmediate(() => {
      this.#forgetting = false;
      this.#forgetTexts();
      this.#documents.clear();
    });
  }
}

function remembered<K, V>(map: Map<K, V>, key: K, most: number, make: () => V): V {
  const held = map.get(key);
  if (held !== undefined) return held;
  if (map.size >= most) map.clear();
  const made = make();
  map.set(key, made);
  return made;
}

function partsOf(text: string): Parts {
  const parts = new Map<string, DocumentText>();
  for (const part of splitDocuments(text)) {
    const digest = digestOf(part.text);
    if (!parts.has(digest)) parts.set(digest, part);
  }
  return parts;
}

function fieldPlaces(text: string, limits: SourceLimits): FieldPlace {
  const composed = composeDocument(text, limits);
  if (composed.kind !== 'document') return () => null;
  const placeOf = placesIn(text);
  return (path) => placeOf(findField(composed.document, path, text));
}
