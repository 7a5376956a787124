// Rules that are exported to namespaces that there are not.
import { at } from '../../../model/origin.ts';
import type { Finder } from '../facts.ts';

export const exportsToNobody: Finder = function* ({ typed, namespaces }) {
  for (const { exportTo, origin } of [...typed.rules, ...typed.virtualServices]) {
    for (const name of exportTo) {
      if (name === '*' || namespaces().has(name)) continue;
      yield { origin: at(origin, 'spec', 'exportTo'), message: `there is nothing in a namespace "${name}"` };
    }
  }
};
