// accessLogFile, accessLogFormat and accessLogEncoding of MeshConfig (istio.mesh.v1alpha1).
import type { AccessLog } from '../../model/mesh-defaults.ts';
import { type Decoder, inside, oneOf, report, type Spot, string } from '../values/decode.ts';
import { formatString } from '../values/format-string.ts';

/** Envoy refuses all listeners over a file that it cannot open, so it has to be one that is named in full. */
const path: Decoder<string> = (value, spot) => {
  const text = string(value, spot);
  if (text === undefined || text === '') return undefined;
  const fits = text.startsWith('/') && text.length <= 1024 && [...text].every((each) => each > ' ' && each !== '\x7f');
  return fits ? text : report(spot, 'SLC0105', 'must be the full path of a file, such as /dev/stdout');
};

/** A line break at its end belongs to the format. */
const format: Decoder<string> = (value, spot) => {
  const text = string(value, spot);
  if (text === undefined || text === '') return undefined;
  const line = text.endsWith('\n') ? text.slice(0, -1) : text;
  return formatString(line, spot) === undefined ? undefined : `${line}\n`;
};

export const accessLogFields = {
  accessLogFile: path,
  accessLogFormat: format,
  accessLogEncoding: oneOf({ TEXT: 'TEXT', JSON: 'JSON' } as const),
};

interface Fields {
  readonly accessLogFile?: string | undefined;
  readonly accessLogFormat?: string | undefined;
  readonly accessLogEncoding?: 'TEXT' | 'JSON' | undefined;
}

/** Null: no log is written. */
export function accessLogOf(decoded: Fields, spot: Spot): AccessLog | null {
  const { accessLogFile = null, accessLogFormat = null, accessLogEncoding: encoding = 'TEXT' } = decoded;
  if (encoding === 'JSON') {
    report(inside(spot, 'accessLogEncoding'), 'SLC0108', 'JSON: not supported yet, so the log is text');
  }
  if (accessLogFile !== null) return { path: accessLogFile, format: encoding === 'JSON' ? null : accessLogFormat };
  if (accessLogFormat !== null) {
    report(inside(spot, 'accessLogFormat'), 'SLC0110', 'without "accessLogFile" no log is written');
  }
  return null;
}
