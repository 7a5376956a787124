// The annotation of a DestinationRule that names several keys for a hash: `header:x-user else cookie:session and source-ip`.
import type { HashKey, HashStep } from '../../model/lb-policy.ts';
import { type Decoder, nearest, nonEmptyString, report, type Spot, string } from '../values/decode.ts';
import { headerName, token } from '../values/http-text.ts';

type KeyDecoder = (name: string, spot: Spot) => HashKey | undefined;

function named(decode: Decoder<string>, make: (name: string) => HashKey): KeyDecoder {
  return (text, spot) => {
    const name = decode(text, spot);
    return name === undefined ? undefined : make(name);
  };
}

const keys: { readonly [K in HashKey['kind']]: KeyDecoder } = {
  header: named(headerName, (name) => ({ kind: 'header', name })),
  cookie: named(token, (name) => ({ kind: 'cookie', name, path: '', ttl: null, attributes: [] })),
  'query-parameter': named(nonEmptyString, (name) => ({ kind: 'query-parameter', name })),
  'source-ip': (name, spot) =>
    name === '' ? { kind: 'source-ip', enabled: true } : report(spot, 'SLC0105', 'source-ip has no name behind it'),
};
const keyWords = Object.keys(keys) as readonly HashKey['kind'][];

function key(text: string, spot: Spot): HashKey | undefined {
  const colon = text.indexOf(':');
  const word = colon < 0 ? text : text.slice(0, colon);
  const kind = keyWords.find((each) => each === word);
  if (kind !== undefined) return keys[kind](colon < 0 ? '' : text.slice(colon + 1), spot);
  const known = `header:NAME, cookie:NAME, query-parameter:NAME, source-ip${nearest(word, keyWords)}`;
  return report(spot, 'SLC0103', `"${text.slice(0, 100)}" is not one of ${known}`);
}

/** More are nobody's, and each costs every request. */
const mostKeys = 8;

/** The address is always there, so nothing after it is looked at. */
function reportUnreached(steps: readonly HashStep[], spot: Spot): void {
  const address = steps.findIndex((step) => step.key.kind === 'source-ip');
  const end = steps.findIndex(({ terminal }, index) => terminal && index >= address);
  if (address < 0 || end < 0) return;
  report(spot, 'SLC0110', 'every request has a source-ip, so what stands after the next "else" has no effect');
}

/** Keys, and between them `else`: what follows counts if none was found yet; or `and`: what follows counts too. */
export const hashKeys: Decoder<readonly HashStep[]> = (value, spot) => {
  const text = string(value, spot);
  if (text === undefined) return undefined;
  const words = text.slice(0, 4096).split(' ').filter(Boolean);
  const joins = words.filter((_, index) => index % 2 === 1);
  if (words.length % 2 === 0 || joins.some((each) => each !== 'else' && each !== 'and')) {
    return report(spot, 'SLC0105', 'keys stand with "else" or "and" between them: header:x-user else source-ip');
  }
  if (joins.length >= mostKeys) return report(spot, 'SLC0105', `at most ${mostKeys} keys are hashed`);
  const steps = words.flatMap((word, index): readonly HashStep[] => {
    const decoded = index % 2 === 1 ? undefined : key(word, spot);
    return decoded === undefined ? [] : [{ key: decoded, terminal: words[index + 1] === 'else' }];
  });
  // With a key less others would count.
  if (steps.length <= joins.length) return undefined;
  reportUnreached(steps, spot);
  return steps;
};
