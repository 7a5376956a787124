// Texts that stand in requests and responses: names and values of headers, format strings.
import { type Decoder, nonEmptyString, report, string } from './decode.ts';

const tokenCharacters = new Set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

/** A name in the sense of RFC 9110 section 5.6.2, as headers, cookies and their attributes have it; at most 256 long. */
export const token: Decoder<string> = (value, spot) => {
  const text = nonEmptyString(value, spot);
  if (text === undefined) return undefined;
  const known = text.length <= 256 && [...text].every((character) => tokenCharacters.has(character));
  return known ? text : report(spot, 'SLC0105', "must be a name of at most 256 letters, digits and -_.!#$%&'*+^`|~");
};

/** Envoy's own headers, such as :authority, begin with a colon. */
export const headerName: Decoder<string> = (value, spot) =>
  typeof value === 'string' && value.startsWith(':') ? token(value.slice(1), spot) && value : token(value, spot);

/** Text that can stand in a header: no control characters; at most 1,024 long. */
export const headerText: Decoder<string> = (value, spot) => {
  const text = string(value, spot);
  if (text === undefined) return undefined;
  const fits = text.length <= 1024 && [...text].every((character) => character >= ' ' && character !== '\x7f');
  return fits ? text : report(spot, 'SLC0105', 'must be at most 1024 characters long, without control characters');
};

/** Text of a header that is not empty. */
export const headerWord: Decoder<string> = (value, spot) =>
  value === '' ? report(spot, 'SLC0105', 'must not be empty') : headerText(value, spot);
