// The text of a file as objects: document by document, each parsed only when its text is new.
import { hash } from 'node:crypto';
import { deepEqual } from 'fast-equals';
import type { JsonObject } from '../lib/json.ts';
import { composeDocument } from '../lib/yaml/document.ts';
import { type YamlProblem, yamlValue } from '../lib/yaml/value.ts';
import type { DiagnosticCode } from '../model/diagnostic-codes.ts';
import type { ObjectId, Path } from '../model/object.ts';
import { readObjects } from './kubernetes-object.ts';
import type { SourceLimits } from './limits.ts';
import { findField, type Place, placesIn } from './yaml-place.ts';
import { splitDocuments } from './yaml-split.ts';

/** Something wrong, at a place: of the document in a `ParsedDocument`, of the file in a `ParsedFile`. */
export interface Finding extends Place {
  readonly code: DiagnosticCode;
  readonly message: string;
}

/** An object and the place where it begins. */
export interface ParsedObject extends Place {
  readonly id: ObjectId;
  readonly json: JsonObject;
  /** Where in its document it stands: empty, or its place in a list. */
  readonly path: Path;
}

/** What a document's text means, wherever in a file it stands. */
export interface ParsedDocument {
  readonly objects: readonly ParsedObject[];
  readonly findings: readonly Finding[];
}

/** An object, its place in the file, and the digest of its document's text. */
export interface PlacedObject extends ParsedObject {
  readonly digest: string;
}

/** What a file's text means. It holds neither the text nor a YAML document. */
export interface ParsedFile {
  readonly documents: ReadonlyMap<string, ParsedDocument>;
  /** Of several documents that define the same object the first. */
  readonly objects: ReadonlyMap<ObjectId, PlacedObject>;
  readonly repeated: readonly PlacedObject[];
  /** Errors: if there is any, the file is broken, though its other documents are here. */
  readonly findings: readonly Finding[];
}

/** What is known from before, so that equal things keep their identity. */
export interface Known {
  /** The document with this digest. */
  document(digest: string): ParsedDocument | undefined;
  /** The content of an object that is in force. */
  json(id: ObjectId): JsonObject | undefined;
}

export const nothingKnown: Known = { document: () => undefined, json: () => undefined };
export const emptyFile: ParsedFile = { documents: new Map(), objects: new Map(), repeated: [], findings: [] };

/** Identifies a text by its content. */
export function digestOf(text: string | Buffer): string {
  return hash('sha256', text, 'base64');
}

/** A file of which nothing can be read: `finding` says why. */
export function brokenFile(finding: Finding): ParsedFile {
  return { ...emptyFile, findings: [finding] };
}

/**
 * The objects of a text with any number of documents. Bad input becomes findings, never an exception. Objects that are
 * equal to the known ones keep their `json`.
 */
export function parseText(text: string, known: Known, limits: SourceLimits): ParsedFile {
  const steps = parseSteps(text, known, limits);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** As `parseText`, but pausing after every document that had to be parsed, so that the caller can do something else. */
export function* parseSteps(text: string, known: Known, limits: SourceLimits): Generator<undefined, ParsedFile> {
  const documents = new Map<string, ParsedDocument>();
  const objects = new Map<ObjectId, PlacedObject>();
  const repeated: PlacedObject[] = [];
  const findings: Finding[] = [];
  let count = 0;
  for (const part of splitDocuments(text)) {
    count += 1;
    if (count > limits.documentsPerFile) return brokenFile(tooMany(part.line, limits));
    const digest = digestOf(part.text);
    const held = documents.get(digest) ?? known.document(digest);
    const document = held ?? parseDocument(part.text, known, limits);
    documents.set(digest, document);
    for (const found of document.objects) {
      const placed: PlacedObject = { ...found, line: found.line + part.line - 1, digest };
      if (objects.has(found.id)) repeated.push(placed);
      else objects.set(found.id, placed);
    }
    for (const finding of document.findings) findings.push({ ...finding, line: finding.line + part.line - 1 });
    if (held === undefined) yield;
  }
  return { documents, objects, repeated: kept(repeated), findings: kept(findings) };
}

function tooMany(line: number, { documentsPerFile }: SourceLimits): Finding {
  return { code: 'SLC0002', line, column: 1, message: `the file has more than ${documentsPerFile} documents` };
}

/** The objects of one document; a document that is not valid YAML or no Kubernetes object has findings. */
function parseDocument(text: string, known: Known, limits: SourceLimits): ParsedDocument {
  try {
    return readDocument(text, known, limits);
  } catch (error) {
    const message = `reading the document failed: ${error instanceof Error ? error.message : String(error)}`;
    return { objects: [], findings: [{ code: 'SLC0502', line: 1, column: 1, message }] };
  }
}

function readDocument(text: string, known: Known, limits: SourceLimits): ParsedDocument {
  const composed = composeDocument(text, limits);
  if (composed.kind === 'empty') return { objects: [], findings: [] };
  if (composed.kind === 'problem') return refused(text, composed.problem);
  const result = yamlValue(composed.document.contents, limits);
  if (result.kind === 'problem') return refused(text, result.problem);
  if (result.value === null) return { objects: [], findings: [] };
  const objects: ParsedObject[] = [];
  const findings: Finding[] = [];
  const placeOf = placesIn(text);
  for (const found of readObjects(result.value)) {
    const place = placeOf(findField(composed.document, found.path));
    if (found.kind === 'problem') findings.push({ code: 'SLC0004', ...place, message: found.message });
    else objects.push({ id: found.id, json: asKnown(found.json, known.json(found.id)), path: found.path, ...place });
  }
  return { objects: kept(objects), findings: kept(findings) };
}

const nothing: readonly never[] = [];

/** A list as it is kept: a list that grew has room for more, and there are several of each document. */
function kept<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? nothing : list.slice();
}

function asKnown(json: JsonObject, held: JsonObject | undefined): JsonObject {
  return held !== undefined && deepEqual(held, json) ? held : json;
}

function refused(text: string, { code, offset, message }: YamlProblem): ParsedDocument {
  return { objects: [], findings: [{ code, ...placesIn(text)(offset), message }] };
}
