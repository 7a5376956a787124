// What whoever installs Sluice decides.
import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { isObject, type JsonValue } from '../../lib/json.ts';
import { UsageError } from '../command.ts';
import type { WorkloadValues } from './workload.ts';

const usual: WorkloadValues = { image: 'sluice', replicas: 2 };

/** Throws UsageError for what is no value, with where it stands. */
export async function readValues(files: readonly string[], set: readonly string[]): Promise<WorkloadValues> {
  let values = usual;
  for (const path of files) {
    const text = await readFile(path, 'utf8').catch(() => {
      throw new UsageError(`${path} cannot be read`);
    });
    const document = parseDocument(text);
    const [error] = document.errors;
    if (error !== undefined) throw new UsageError(`${path}: ${error.message.split('\n')[0]}`);
    const content = document.toJS() as JsonValue;
    if (content !== null && !isObject(content))
      throw new UsageError(`${path} holds no values: write them as "image: …"`);
    for (const [key, value] of Object.entries(content ?? {})) values = withValue(values, key, value, path);
  }
  for (const each of set) {
    const [key = '', ...rest] = each.split('=');
    if (rest.length === 0) throw new UsageError(`--set ${each}: it is written as KEY=VALUE`);
    const text = rest.join('=');
    values = withValue(values, key, key === 'replicas' ? Number(text) : text, '--set');
  }
  return values;
}

function withValue(values: WorkloadValues, key: string, value: JsonValue, place: string): WorkloadValues {
  if (key === 'image' && typeof value === 'string' && /^[\w./:@-]+$/.test(value)) return { ...values, image: value };
  if (key === 'image') throw new UsageError(`${place}: image is the name of an image`);
  if (key !== 'replicas') throw new UsageError(`${place}: there is no value ${key}; there are image and replicas`);
  const good = typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 100;
  if (!good) throw new UsageError(`${place}: replicas is a whole number from 1 to 100`);
  return { ...values, replicas: value };
}
