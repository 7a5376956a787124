// Retries for which a request has no time.
import { at } from '../../../model/origin.ts';
import type { Finder } from '../facts.ts';

export const tooManyTries: Finder = function* ({ typed }) {
  for (const { http } of typed.virtualServices) {
    for (const { forwarding, origin } of http) {
      const { timeout, retries } = forwarding;
      const each = retries?.perTryTimeout ?? null;
      if (timeout === null || retries === null || each === null || retries.attempts === 0) continue;
      const tries = retries.attempts + 1;
      if (each * tries <= timeout) continue;
      const whole = Math.floor(timeout / each);
      const fitting = each >= timeout ? 'a slow try leaves no time for another' : `${whole} of ${tries} slow tries fit`;
      const message = `${tries} tries of ${each} ms are more than the timeout of ${timeout} ms: ${fitting}`;
      yield { origin: at(origin, 'retries', 'perTryTimeout'), message };
    }
  }
};
