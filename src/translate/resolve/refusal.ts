// Addresses that must not be endpoints: a proxy would call its own machine, or nobody.
import ipaddr from 'ipaddr.js';

/** Why an IP address may not be an endpoint; null if it may. */
export function refusal(address: string, allowLoopback: boolean): string | null {
  const parsed = ipaddr.process(address);
  const range = parsed.range();
  if (range === 'loopback')
    return allowLoopback ? null : 'is a loopback address (--allow-loopback-endpoints lets it through)';
  const refused: Readonly<Record<string, string>> = {
    unspecified: 'is no address of a host',
    linkLocal: 'is a link-local address, where machines keep their own services',
    multicast: 'is a multicast address',
    broadcast: 'is a broadcast address',
  };
  return refused[range] ?? null;
}
