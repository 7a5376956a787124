// Faults of translation, as lines of the log: one that comes with every turn of the loop is logged once in a while.
import type { ObjectId } from '../../model/object.ts';
import type { Log } from './log.ts';
import { Throttle } from './throttle.ts';

interface Fault {
  readonly error: unknown;
  /** Null: it is not known which object is at fault. */
  readonly object: ObjectId | null;
}

/** How long the same fault is not logged again, in milliseconds. */
const spacing = 60_000;

/** Logs faults; of those with the same message the first at once, and once a minute the newest with a count. */
export function faultLog(log: Log): (error: unknown, object: ObjectId | null) => void {
  const throttle = new Throttle<Fault>(({ error, object }, suppressed = 0) => {
    const what = object === null ? 'publishing failed; what was published before stays in force' : 'an object failed';
    const fields = { err: error, ...(object !== null && { object }), ...(suppressed > 0 && { suppressed }) };
    log.error(fields, `a fault of Sluice, please report it: ${what}`);
  }, spacing);
  return (error, object) => throttle.add(object ?? '', String(error), { error, object });
}
