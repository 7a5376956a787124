// Ports that nobody on this machine uses.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { CannotStart } from '../../inject/launcher.ts';
import { boundPort, listenAddress } from './targets.ts';

/** Below the range from which the system takes ports for outgoing connections. */
const highestOffset = 30_000;
const lowestOffset = 10_000;
const attempts = 200;

/**
 * A PORT_OFFSET with which an uncaptured sidecar can listen for all of these service ports. `preferred` is tried first.
 * Throws CannotStart where a port that no offset moves is taken.
 */
export async function freePortOffset(servicePorts: readonly number[], preferred: number | null): Promise<number> {
  for (const port of servicePorts) {
    if (boundPort(port, 1) === port && (await isTaken(listenAddress, port))) {
      throw new CannotStart(
        `${listenAddress}:${port} is taken by another program: stop it, or change the Service's port`,
      );
    }
  }
  const moved = servicePorts.filter((port) => boundPort(port, 1) !== port);
  for (let attempt = 0; attempt < attempts; attempt++) {
    const offset = attempt === 0 && preferred !== null ? preferred : randomOffset();
    const taken = await Promise.all(moved.map((port) => isTaken(listenAddress, port + offset)));
    if (!taken.some(Boolean)) return offset;
  }
  throw new CannotStart(`there are no ${moved.length} free ports on ${listenAddress} between 10000 and 31023`);
}

/** A port that is free on all of these addresses. Throws CannotStart where none is found. */
export async function freePortOn(addresses: readonly string[]): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const port = randomOffset();
    const taken = await Promise.all(addresses.map((address) => isTaken(address, port)));
    if (!taken.some(Boolean)) return port;
  }
  throw new CannotStart(`there is no port that is free on all of ${addresses.join(', ')}`);
}

function randomOffset(): number {
  return lowestOffset + Math.floor(Math.random() * (highestOffset - lowestOffset));
}

/** Whether another program listens there. */
export async function isTaken(address: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ host: address, port });
    await once(server, 'listening');
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  } finally {
    server.close();
  }
}
