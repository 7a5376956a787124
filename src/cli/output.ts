// Data on standard output, in the form that was asked for.
import type { WideOutputFormat } from './options.ts';

/** One JSON document. Characters that could steer a terminal are escaped; the value that is read back is the same. */
function formatJson(value: unknown): string {
  const escapeCharacter = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `${JSON.stringify(value, null, 2).replace(/[\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g, escapeCharacter)}\n`;
}

/** Prints `value` as JSON or YAML, or else the table. */
export async function printData(format: WideOutputFormat, value: unknown, asTable: () => string): Promise<void> {
  if (format === 'json') process.stdout.write(formatJson(value));
  else if (format === 'table' || format === 'wide') process.stdout.write(asTable());
  else {
    const { formatYaml } = await import('./format-yaml.ts');
    process.stdout.write(formatYaml(value));
  }
}
