// A stream of JSON objects, one on a line, however its bytes are cut: a newline is never part of a character in UTF-8.
import { isObject, type JsonObject, type JsonValue } from '../lib/json.ts';

export type JsonLine = JsonObject;

/** Longer lines are no object of Kubernetes', whose largest is a few MiB. */
const longestLine = 64 << 20;
const newline = 0x0a;

/** Objects as they come, together where they came together. Throws where a line is no object, after those before it. */
export async function* jsonLines(stream: AsyncIterable<Buffer>): AsyncGenerator<readonly JsonLine[]> {
  let held: readonly Buffer[] = [];
  let size = 0;
  for await (const part of stream) {
    const end = part.lastIndexOf(newline);
    if (end < 0) {
      held = [...held, part];
      size += part.length;
      if (size > longestLine) throw new Error(`a line is longer than ${longestLine} bytes`);
      continue;
    }
    const whole = Buffer.concat([...held, part.subarray(0, end)]);
    held = [part.subarray(end + 1)];
    size = part.length - end - 1;
    yield* parsed(whole);
  }
}

/** What stands before a line that is wrong still counts. */
function* parsed(whole: Buffer): Generator<readonly JsonLine[]> {
  const objects: JsonLine[] = [];
  let wrong: unknown = null;
  for (const line of whole.toString().split('\n')) {
    if (line.trim() === '') continue;
    try {
      objects.push(objectIn(line));
    } catch (error) {
      wrong = error;
      break;
    }
  }
  if (objects.length > 0) yield objects;
  if (wrong !== null) throw wrong;
}

function objectIn(line: string): JsonLine {
  const value = ((): JsonValue => {
    try {
      return JSON.parse(line) as JsonValue;
    } catch {
      throw new Error('a line is no JSON');
    }
  })();
  if (isObject(value)) return value;
  throw new Error('a line is no object');
}
