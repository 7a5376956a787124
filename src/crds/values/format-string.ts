// Envoy's format strings, as values of headers have them: text with %COMMANDS% in it (envoy.config.core.v3
// SubstitutionFormatString). Envoy refuses all routes of a port for one value that it does not understand.
import { type Decoder, report, string } from './decode.ts';

/** Commands that stand alone. */
const plain: ReadonlySet<string> = new Set([
  ...['BYTES_RECEIVED', 'BYTES_SENT', 'CONNECTION_ID', 'CONNECTION_TERMINATION_DETAILS', 'DURATION', 'HOSTNAME'],
  ...['DOWNSTREAM_REMOTE_ADDRESS', 'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT', 'DOWNSTREAM_REMOTE_PORT'],
  ...['DOWNSTREAM_DIRECT_REMOTE_ADDRESS', 'DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT'],
  ...['DOWNSTREAM_DIRECT_REMOTE_PORT', 'DOWNSTREAM_LOCAL_ADDRESS', 'DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT'],
  ...['DOWNSTREAM_LOCAL_PORT', 'DOWNSTREAM_LOCAL_URI_SAN', 'DOWNSTREAM_PEER_URI_SAN', 'DOWNSTREAM_LOCAL_SUBJECT'],
  ...['DOWNSTREAM_PEER_SUBJECT', 'DOWNSTREAM_PEER_ISSUER', 'DOWNSTREAM_PEER_SERIAL', 'DOWNSTREAM_PEER_CERT'],
  ...['DOWNSTREAM_PEER_FINGERPRINT_1', 'DOWNSTREAM_PEER_FINGERPRINT_256', 'DOWNSTREAM_PEER_CERT_V_START'],
  ...['DOWNSTREAM_PEER_CERT_V_END', 'DOWNSTREAM_TLS_CIPHER', 'DOWNSTREAM_TLS_SESSION_ID', 'DOWNSTREAM_TLS_VERSION'],
  ...['DOWNSTREAM_TRANSPORT_FAILURE_REASON', 'GRPC_STATUS', 'GRPC_STATUS_NUMBER', 'PROTOCOL', 'REQUEST_DURATION'],
  ...['REQUESTED_SERVER_NAME', 'RESPONSE_CODE', 'RESPONSE_CODE_DETAILS', 'RESPONSE_DURATION', 'RESPONSE_FLAGS'],
  ...['RESPONSE_FLAGS_LONG', 'RESPONSE_TX_DURATION', 'ROUTE_NAME', 'START_TIME', 'STREAM_ID'],
  ...['UPSTREAM_CLUSTER', 'UPSTREAM_CLUSTER_RAW', 'UPSTREAM_HOST', 'UPSTREAM_LOCAL_ADDRESS', 'UPSTREAM_LOCAL_PORT'],
  ...['UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT', 'UPSTREAM_REMOTE_ADDRESS', 'UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT'],
  ...['UPSTREAM_REMOTE_PORT', 'UPSTREAM_REQUEST_ATTEMPT_COUNT', 'UPSTREAM_TRANSPORT_FAILURE_REASON'],
  ...['UPSTREAM_PROTOCOL', 'UPSTREAM_TLS_CIPHER', 'UPSTREAM_TLS_VERSION', 'VIRTUAL_CLUSTER_NAME'],
]);

/** Commands that are about the header, or the key, in brackets; a length may follow. */
const named: ReadonlySet<string> = new Set([
  ...['REQ', 'RESP', 'TRAILER', 'DYNAMIC_METADATA', 'CLUSTER_METADATA', 'UPSTREAM_METADATA'],
  ...['FILTER_STATE', 'UPSTREAM_FILTER_STATE'],
]);

/** Commands that may have a format of time in brackets. */
const timed: ReadonlySet<string> = new Set([
  ...['START_TIME', 'DOWNSTREAM_PEER_CERT_V_START', 'DOWNSTREAM_PEER_CERT_V_END'],
]);

const isDigits = (text: string): boolean => text !== '' && [...text].every((each) => each >= '0' && each <= '9');

/** What is between brackets: a name with an optional `?` and second name, without blanks. */
const isArgument = (text: string): boolean => text !== '' && [...text].every((each) => each > ' ' && each !== '%');

/** The end of the command that begins with the `%` at `start`, behind its last `%`; null: Envoy knows no such command. */
function endOfCommand(text: string, start: number): number | null {
  let index = start + 1;
  while (index < text.length && text[index] !== '(' && text[index] !== '%') index += 1;
  const name = text.slice(start + 1, index);
  if (text[index] === '%') return name === '' || plain.has(name) ? index + 1 : null;
  const close = text.indexOf(')', index);
  const end = text.indexOf('%', close);
  if (close < 0 || end < 0) return null;
  const [argument, length] = [text.slice(index + 1, close), text.slice(close + 1, end)];
  if (timed.has(name)) return length === '' ? end + 1 : null;
  const bounded = length === '' || (length.startsWith(':') && isDigits(length.slice(1)) && length.length < 6);
  return named.has(name) && isArgument(argument) && bounded ? end + 1 : null;
}

/** Where a text has something that is no command; null: nowhere. */
function mistakeIn(text: string): number | null {
  for (let index = text.indexOf('%'); index >= 0; ) {
    const end = endOfCommand(text, index);
    if (end === null) return index;
    index = text.indexOf('%', end);
  }
  return null;
}

const longest = 8192;

/** The value of a header, with Envoy's commands in it. */
export const formatString: Decoder<string> = (value, spot) => {
  const text = string(value, spot);
  if (text === undefined) return undefined;
  if (text.length > longest || ![...text].every((character) => character >= ' ' && character !== '\x7f')) {
    return report(spot, 'SLC0105', `must be at most ${longest} characters long, without control characters`);
  }
  const mistake = mistakeIn(text);
  if (mistake === null) return text;
  const shown = JSON.stringify(text.slice(mistake, mistake + 40));
  return report(spot, 'SLC0105', `${shown}: Envoy knows no such command; a percent sign alone is written %%`);
};
