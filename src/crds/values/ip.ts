// IP addresses in objects.
import ipaddr from 'ipaddr.js';
import type { Subnet } from '../../model/service.ts';
import { type Decoder, nonEmptyString, report } from './decode.ts';

/** An IP address in its canonical text form, or undefined. IPv4 must have four decimal parts. */
export function canonicalIp(text: string): string | undefined {
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

/** `10.0.0.0/8`, or one address. */
export const subnet: Decoder<Subnet> = (value, spot) => {
  const text = nonEmptyString(value, spot);
  if (text === undefined) return undefined;
  const one = ipaddr.isValid(text) && (!ipaddr.IPv4.isIPv4(text) || ipaddr.IPv4.isValidFourPartDecimal(text));
  if (!one && !ipaddr.isValidCIDR(text)) return report(spot, 'SLC0105', 'is neither an IP address nor a range of them');
  if (!one) {
    const [address, length] = ipaddr.parseCIDR(text);
    return { address: address.toString(), length };
  }
  const address = ipaddr.parse(text);
  return { address: address.toString(), length: address.kind() === 'ipv4' ? 32 : 128 };
};
