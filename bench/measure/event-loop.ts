// How long the server's event loop stood still, by its own metrics.
import type { Server } from '../servers.ts';

/** prom-client's gauge; it begins anew whenever it is read. */
const gauge = 'nodejs_eventloop_lag_max_seconds';

/** In milliseconds, since this was read last; null where the server does not say. */
export async function longestStall({ http }: Server): Promise<number | null> {
  if (http === null) return null;
  const response = await fetch(`http://${http}/metrics`);
  const text = await response.text();
  const line = text.split('\n').find((each) => each.startsWith(`${gauge} `) || each.startsWith(`${gauge}{`));
  return response.ok && line !== undefined ? Number(line.split(' ').at(-1)) * 1000 : null;
}
