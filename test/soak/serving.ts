// `sluice serve` as a process that can be killed, paused and started again.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const program = join(import.meta.dirname, '../../src/main.ts');
const free = ['--xds-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0'];

export class Serving {
  readonly #folder: string;
  readonly #onPort: (port: number) => void;
  readonly #log: WriteStream;
  #child: ChildProcess | null = null;

  /** `onPort` is told the xDS port of each process that listens. */
  constructor(folder: string, logFile: string, onPort: (port: number) => void) {
    this.#folder = folder;
    this.#onPort = onPort;
    this.#log = createWriteStream(logFile);
  }

  /** Starts a process on the folder; resolves when it serves. Throws if it ends before. */
  async start(): Promise<void> {
    const flags = ['--config', this.#folder, ...free, '--allow-loopback-endpoints', '--log-level', 'warn'];
    const child = spawn(process.execPath, [program, 'serve', ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    const { promise, resolve } = Promise.withResolvers<number>();
    createInterface(child.stderr).on('line', (line) => {
      this.#log.write(`${line}\n`);
      const port = /^listening xds=127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    const port = await Promise.race([promise, once(child, 'exit').then(() => null)]);
    if (port === null) throw new Error('sluice serve ended before it listened');
    this.#onPort(port);
  }

  /** Ends it: SIGKILL as a crash does, SIGTERM in order. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** It stands still, and its connections stay open. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** How it ended though nobody asked for that; null while it runs. */
  get crash(): string | null {
    const { exitCode = null, signalCode = null } = this.#child ?? {};
    return exitCode === null && signalCode === null ? null : `sluice serve ended: ${signalCode ?? exitCode}`;
  }

  async close(): Promise<void> {
    this.resume();
    await this.end('SIGTERM');
    this.#log.end();
  }
}
