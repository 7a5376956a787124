// Addresses to listen on, as they are written on the command line.
import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Reads `HOST:PORT`, where HOST is an IP address (an IPv6 one in brackets) or `localhost`, and port 0 asks for a free one. */
export function parseAddress(text: string): Address {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const port = text.slice(colon + 1);
  const bracketed = text.startsWith('[');
  const validHost = host === 'localhost' || (isIP(host) !== 0 && (isIP(host) === 6) === bracketed);
  if (colon < 0 || !validHost || !/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new InvalidArgumentError(
      'It is written HOST:PORT, with an IP address, such as 127.0.0.1:15010 or [::1]:15010.',
    );
  }
  return { host: host === 'localhost' ? '127.0.0.1' : host, port: Number(port) };
}

/** An address, or `none`. */
export function parseAddressOrNone(text: string): Address | 'none' {
  return text === 'none' ? text : parseAddress(text);
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only this machine can reach the address. */
export function isLoopback({ host }: Address): boolean {
  return host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
