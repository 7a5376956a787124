// A copy of a folder of YAML that the demo may edit: comments and formatting stay, and the watcher sees one atomic rename.
import { cp, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, relative } from 'node:path';
import { type Document, isMap, parseAllDocuments, type ToStringOptions } from 'yaml';
import type { JsonObject } from '../../lib/json.ts';
import { defaultNamespace } from '../../model/names.ts';
import type { ObjectName } from '../../model/object.ts';

/** One line of a change as it is shown: ` `, `-` or `+`, the line's number in its file, and its text. */
export interface ChangedLine {
  readonly mark: ' ' | '-' | '+';
  readonly number: number;
  readonly text: string;
}

export interface FileChange {
  /** Below the folder. */
  readonly file: string;
  readonly before: string;
  readonly lines: readonly ChangedLine[];
}

type IsWanted = (document: Document) => boolean;
type EditDocument = (document: Document) => void;

/** A folder with the YAML files of another one. */
export class WorkingCopy {
  /** The folder to be served. */
  readonly folder: string;
  readonly #scratch: string;

  private constructor(folder: string, scratch: string) {
    this.folder = folder;
    this.#scratch = scratch;
  }

  /** Copies the YAML files of `original` (a folder, or one file) into the empty folder `workspace`. */
  static async create(original: string, workspace: string): Promise<WorkingCopy> {
    const copy = new WorkingCopy(join(workspace, 'config'), join(workspace, 'scratch'));
    await mkdir(copy.#scratch);
    if ((await stat(original)).isDirectory()) await cp(original, copy.folder, { recursive: true, dereference: true });
    else await cp(original, join(copy.folder, basename(original)), { recursive: true });
    return copy;
  }

  /** Writes a new file. */
  async add(file: string, text: string): Promise<FileChange> {
    await this.#replace(join(this.folder, file), text);
    return { file, before: '', lines: changedLines('', text) };
  }

  /** Edits the first document that is wanted; null where no file has one. */
  async edit(isWanted: IsWanted, editDocument: EditDocument): Promise<FileChange | null> {
    for (const path of await this.#files()) {
      const before = await readFile(path, 'utf8');
      const after = edited(before, isWanted, editDocument);
      if (after === null) continue;
      await this.#replace(path, after);
      return { file: relative(this.folder, path), before, lines: changedLines(before, after) };
    }
    return null;
  }

  /** Writes a file as it was before a change. */
  undo({ file, before }: FileChange): Promise<void> {
    return this.#replace(join(this.folder, file), before);
  }

  async #files(): Promise<readonly string[]> {
    const entries = await readdir(this.folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && ['.yaml', '.yml'].includes(extname(entry.name)))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  }

  /** Whoever watches sees the old file or the new one, never half of one. */
  async #replace(file: string, text: string): Promise<void> {
    await mkdir(dirname(file), { recursive: true });
    const draft = join(this.#scratch, basename(file));
    await writeFile(draft, text);
    await rename(draft, file);
  }
}

/** Whether a document defines the object of this name. */
export function defines(document: Document, { kind, namespace, name }: ObjectName): boolean {
  const said = document.getIn(['metadata', 'namespace']) ?? defaultNamespace;
  return document.get('kind') === kind && document.getIn(['metadata', 'name']) === name && said === namespace;
}

const styles: readonly ToStringOptions[] = [true, false].flatMap((indentSeq) =>
  [true, false].map((flowCollectionPadding) => ({ indentSeq, flowCollectionPadding, lineWidth: 0 })),
);
const plainStyle: ToStringOptions = { lineWidth: 0 };

/** The text with one of its documents edited and the others as they were; null where none of them is the one. */
function edited(text: string, isWanted: IsWanted, editDocument: EditDocument): string | null {
  let start = 0;
  for (const document of parseAllDocuments(text)) {
    const end = document.range[2];
    if (isMap(document.contents) && isWanted(document)) {
      const style = styleOf(text.slice(start, end), document);
      editDocument(document);
      return text.slice(0, start) + document.toString(style) + text.slice(end);
    }
    start = end;
  }
  return null;
}

/** The style that prints the document as it is, so that an edit changes no other line. */
function styleOf(text: string, document: Document): ToStringOptions {
  return styles.find((style) => document.toString(style) === text) ?? plainStyle;
}

/** Sets an object inside a document, field by field, so that comments on what stays are kept. */
export function setObject(document: Document, path: readonly (string | number)[], value: JsonObject): void {
  const present = document.getIn(path);
  const keys = isMap(present) ? present.items.map((item) => String(item.key)) : [];
  for (const key of keys) if (!(key in value)) document.deleteIn([...path, key]);
  for (const [key, field] of Object.entries(value)) {
    const isScalar = typeof field !== 'object' || field === null;
    document.setIn([...path, key], isScalar ? field : document.createNode(field));
  }
}

/** The lines in which two texts differ, with the line before. */
export function changedLines(before: string, after: string): readonly ChangedLine[] {
  const old = before === '' ? [] : before.trimEnd().split('\n');
  const now = after.trimEnd().split('\n');
  let start = 0;
  while (start < Math.min(old.length, now.length) && old[start] === now[start]) start += 1;
  let same = 0;
  while (same < Math.min(old.length, now.length) - start && old.at(-1 - same) === now.at(-1 - same)) same += 1;
  const cut = (lines: readonly string[], mark: ChangedLine['mark'], from: number, to: number): ChangedLine[] =>
    lines.slice(from, to).map((text, index) => ({ mark, number: from + index + 1, text }));
  return [
    ...cut(now, ' ', Math.max(0, start - 1), start),
    ...cut(old, '-', start, old.length - same),
    ...cut(now, '+', start, now.length - same),
  ];
}
