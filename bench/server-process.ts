// A server under test as a process: started, found by the line `listening name=HOST:PORT …`, ended.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const repository = join(import.meta.dirname, '..');
const tools = join(repository, 'build/bench');

/** A program that `make bench` has built. */
export function tool(name: string): string {
  return join(tools, name);
}

export interface ServerProcess {
  readonly pid: number;
  /** Milliseconds from its start until it said that it listens. */
  readonly readyAfter: number;
  /** HOST:PORT by name. Throws where it does not listen on that. */
  address(name: string): string;
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>;
}

/** So much of what it says is kept for an error message. */
const keptLines = 20;

/** Starts a server; resolves when it listens. Rejects with its last words if it ends before. */
export async function startServer(command: readonly [string, ...string[]]): Promise<ServerProcess> {
  const started = performance.now();
  const [program, ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  const addresses = await listening(child, ended);
  const address = (name: string): string => {
    const found = addresses.get(name);
    if (found === undefined) throw new Error(`${program} does not say where it listens for ${name}`);
    return found;
  };
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  return { pid: child.pid ?? 0, readyAfter: performance.now() - started, address, kill };
}

async function listening(child: ChildProcess, ended: Promise<unknown>): Promise<ReadonlyMap<string, string>> {
  const last: string[] = [];
  const { promise, resolve } = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface(stream).on('line', (line) => {
      if (line.startsWith('listening ')) resolve(line);
      if (last.push(line) > keptLines) last.shift();
    });
  }
  const line = await Promise.race([promise, ended.then(() => null)]);
  if (line === null) throw new Error(`${child.spawnargs[0]} ended before it listened:\n${last.join('\n')}`);
  return new Map(line.split(' ').flatMap((word) => (word.includes('=') ? [pair(word)] : [])));
}

function pair(word: string): readonly [string, string] {
  const at = word.indexOf('=');
  return [word.slice(0, at), word.slice(at + 1)];
}
