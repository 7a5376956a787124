// Headers of a VirtualService: what is set, added and removed, on the way there and back.
import { isObject } from '../../lib/json.ts';
import { sortedBy } from '../../lib/sorted.ts';
import type { HeaderChanges, HeaderRules, HeaderValue } from '../../model/route.ts';
import { type Decoder, inside, list, object, report, type Spot } from '../values/decode.ts';
import { formatString } from '../values/format-string.ts';
import { headerWord } from '../values/http-text.ts';

const nameCharacters = new Set('-_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ');

/** The header that says which host a request is for; Envoy rewrites it in a way of its own. */
const isAuthority = (name: string): boolean => name.toLowerCase() === 'host' || name === ':authority';

const changedName: Decoder<string> = (value, spot) => {
  const name = headerWord(value, spot);
  if (name === undefined) return undefined;
  if (isAuthority(name)) return report(spot, 'SLC0105', 'Envoy only lets "set" of a request change the host');
  const known = name.length <= 256 && [...name].every((character) => nameCharacters.has(character));
  return known ? name : report(spot, 'SLC0105', 'must be at most 256 letters, digits, - and _');
};

/** By name, sorted by it. `authority` goes where the host may be changed. */
function values(onAuthority: ((value: string) => void) | null): Decoder<readonly HeaderValue[]> {
  return (value, spot) => {
    if (!isObject(value)) return report(spot, 'SLC0102', 'expected an object');
    const found = Object.entries(value).flatMap(([key, item]) => {
      const here = inside(spot, key);
      if (onAuthority !== null && isAuthority(key)) {
        const host = headerWord(item, here);
        if (host !== undefined) onAuthority(host);
        return [];
      }
      const name = changedName(key, here);
      const text = name && formatString(item, here);
      return name === undefined || text === undefined ? [] : [{ name, value: text }];
    });
    return sortedBy(found, ({ name }) => name);
  };
}

function changes(onAuthority: ((value: string) => void) | null): Decoder<HeaderChanges> {
  const decode = object({ set: values(onAuthority), add: values(null), remove: list(changedName) });
  return (value, spot) => {
    const decoded = decode(value, spot);
    return decoded && { set: decoded.set ?? [], add: decoded.add ?? [], remove: decoded.remove ?? [] };
  };
}

const none: HeaderChanges = { set: [], add: [], remove: [] };

/** `headers` of a route or of a destination. */
export const headerRules: Decoder<HeaderRules> = (value, spot) => {
  const authorities: string[] = [];
  // Made anew each time, since what it finds goes beside its value.
  const decode = object({ request: changes((host) => authorities.push(host)), response: changes(null) });
  const decoded = decode(value, spot);
  if (authorities.length > 1) report(inside(spot, 'request', 'set'), 'SLC0107', 'Host and :authority are the same');
  return (
    decoded && {
      request: decoded.request ?? none,
      response: decoded.response ?? none,
      authority: authorities[0] ?? null,
    }
  );
};

/** Reports an authority that is set a second time; `rewrite` wins over headers. */
export function reportSecondAuthority(headers: HeaderRules | null, rewritten: string | null, spot: Spot): void {
  if (rewritten === null || headers === null || headers.authority === null) return;
  const message = '"rewrite.authority" is set as well, and only one may be; "rewrite.authority" is used';
  report(inside(spot, 'headers', 'request', 'set'), 'SLC0107', message);
}
