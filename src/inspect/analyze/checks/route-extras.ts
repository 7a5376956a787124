// Faults, mirrors and cross-origin rules of routes that do not do what they seem to.
import { at } from '../../../model/origin.ts';
import type { Destination, TextMatch } from '../../../model/route.ts';
import type { Finder } from '../facts.ts';

export const unseenFaults: Finder = function* ({ typed }) {
  for (const { http } of typed.virtualServices) {
    for (const { fault, forwarding, origin } of http) {
      if (fault === null) continue;
      const { timeout, retries } = forwarding;
      const retrying = retries !== null && retries.attempts > 0;
      const unseen = [
        ...(fault.delay !== null && timeout !== null ? ['the delay does not count against the timeout'] : []),
        ...(fault.abort !== null && retrying ? ['what is aborted is not tried again'] : []),
      ];
      if (unseen.length > 0) yield { origin: at(origin, 'fault'), message: unseen.join('; ') };
    }
  }
};

const isSame = (a: Destination, b: Destination): boolean =>
  a.host === b.host && a.subset === b.subset && a.port === b.port;

export const mirrorsToItself: Finder = function* ({ typed }) {
  for (const { http } of typed.virtualServices) {
    for (const { action, forwarding } of http) {
      if (action.kind !== 'forward') continue;
      for (const { destination } of forwarding.mirrors) {
        if (!action.shares.some((share) => isSame(share.destination, destination))) continue;
        const part = destination.subset === null ? '' : `, subset "${destination.subset}",`;
        const message = `${destination.host}${part} is a destination of the route itself`;
        yield { origin: destination.origin, message };
      }
    }
  }
};

const everybody: ReadonlySet<string> = new Set(['*', '.*', '.+', '^.*$', '.*?']);
const isEverybody = ({ kind, text }: TextMatch): boolean =>
  kind === 'prefix' ? text === 'http' || text === 'http://' || text === 'https://' : everybody.has(text);

export const credentialsForAll: Finder = function* ({ typed }) {
  for (const { http } of typed.virtualServices) {
    for (const { cors, origin } of http) {
      if (cors?.credentials !== true || !cors.origins.some(isEverybody)) continue;
      const message = 'every web page may call with the credentials of its visitor';
      yield { origin: at(origin, 'corsPolicy', 'allowCredentials'), message };
    }
  }
};
