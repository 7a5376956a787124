// YAML on standard output; a module of its own, so that commands which print none do not load the library.
import { Document, type ToStringOptions, visit } from 'yaml';

/** Characters that could steer a terminal or turn the direction of text, and that the library prints as they are. */
const steering = /[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
const layout: ToStringOptions = { lineWidth: 0 };

/** One YAML document, without anchors. What could steer a terminal is escaped; the value that is read back is the same. */
export function formatYaml(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  const text = document.toString(layout);
  if (!steering.test(text)) return text;
  // Escapes are only read in double quotes.
  visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value === 'string' && steering.test(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  return [...document.toString(layout)]
    .map((character) => (steering.test(character) ? escaped(character) : character))
    .join('');
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
