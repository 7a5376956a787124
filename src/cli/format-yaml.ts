// YAML on standard output; a module of its own, so that commands which print none do not load the library.
import { stringify } from 'yaml';

/** One YAML document, without anchors. */
export function formatYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
