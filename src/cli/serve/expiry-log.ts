// Certificates that come to their end, in the log.
import type { Expiring, Urgency } from '../../identity/expiry.ts';
import type { Log } from './log.ts';

/** Writes a line for every step towards the end of a certificate, and one when it was renewed after that. */
export function expiryLog(log: Log): (certificate: Expiring, urgency: Urgency) => void {
  return ({ name, to }, urgency) => {
    const fields = { certificate: name, expires: new Date(to).toISOString() };
    const write: { readonly [U in Urgency]: () => void } = {
      0: () => log.info(fields, 'a certificate was renewed'),
      1: () => log.warn(fields, 'a certificate expires in less than 30 days'),
      2: () => log.warn(fields, 'a certificate expires in less than 7 days'),
      3: () => log.error(fields, 'a certificate expires in less than a day'),
      4: () => log.error(fields, 'a certificate has expired: no new connection is secured by it'),
    };
    write[urgency]();
  };
}
