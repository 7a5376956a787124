// IP addresses in objects.
import ipaddr from 'ipaddr.js';
import { type Decoder, report } from './decode.ts';

/** An IP address in its canonical text form, or undefined. IPv4 must have four decimal parts. */
function canonicalIp(text: string): string | undefined {
  if (text.includes('%')) return undefined;
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return text;
  return ipaddr.IPv6.isValid(text) ? ipaddr.IPv6.parse(text).toRFC5952String() : undefined;
}

/** An IP address. */
export const ipAddress: Decoder<string> = (value, spot) => {
  const canonical = typeof value === 'string' ? canonicalIp(value) : undefined;
  if (canonical !== undefined) return canonical;
  return report(spot, 'SLC0302', `${JSON.stringify(value).slice(0, 80)} is not an IP address`);
};
