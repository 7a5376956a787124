// Annotations that suppress codes that there are not.
import { originOf } from '../../../model/origin.ts';
import type { Finder } from '../facts.ts';
import { isKnown, ownSuppressions } from '../suppress.ts';

export const unknownSuppressions: Finder = function* ({ objects }) {
  for (const { id, json } of objects.values()) {
    for (const { annotation, codes } of ownSuppressions(json)) {
      const unknown = codes.filter((code) => !isKnown(code));
      if (unknown.length === 0) continue;
      const message = `there is no code ${unknown.map((code) => `"${code.slice(0, 100)}"`).join(', ')}`;
      yield { origin: originOf(id, 'metadata', 'annotations', annotation), message };
    }
  }
};
