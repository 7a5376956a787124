// Text in TLS settings: names of files and of servers.
import { type Decoder, report, string } from './decode.ts';

/** Text without control characters; empty counts as not set, as in protobuf. */
export const tlsText: Decoder<string> = (value, spot) => {
  const decoded = string(value, spot);
  if (decoded === undefined || decoded === '') return undefined;
  const fits = decoded.length <= 1024 && [...decoded].every((character) => character >= ' ' && character !== '\x7f');
  return fits ? decoded : report(spot, 'SLC0105', 'must be at most 1024 characters long, without control characters');
};
