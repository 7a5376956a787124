// What is said where a server cannot listen on the addresses of the command line.
import { UsageError } from '../command.ts';
import { type Address, formatAddress } from './address.ts';

/** An address and the option that it comes from. */
export type Asked = readonly [option: string, address: Address];

/** Opens a server on these addresses. Throws UsageError, which says in one line why one of them cannot be had. */
export async function opening<T>(asked: readonly [Asked, ...Asked[]], open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    const { code, host, port, message } = detailsOf(error);
    const atFault = asked.find(([, address]) => address.host === host && address.port === port) ?? asked[0];
    const [option, address] = atFault;
    const where = formatAddress(address);
    throw new UsageError(
      code === 'EADDRINUSE'
        ? `${where} is in use by another program: choose another port with ${option}, or 0 for a free one`
        : `cannot listen on ${where} (${option}): ${message}`,
    );
  }
}

/** Of a system error; the address is the one that could not be had. */
function detailsOf(error: unknown): Readonly<Record<'code' | 'host' | 'port' | 'message', unknown>> {
  const { code, address: host, port } = error instanceof Error ? (error as NodeJS.ErrnoException & Partial<Place>) : {};
  return { code, host, port, message: error instanceof Error ? error.message : String(error) };
}

interface Place {
  readonly address: string;
  readonly port: number;
}
