// Runs the program as a user does: words in; text and exit status out.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const program = join(import.meta.dirname, '../../src/main.ts');

/** Starts `sluice` from its sources, so that it is never older than the test. */
function start(args: readonly string[], env: RunOptions['env'] = {}): ChildProcess {
  const { NO_COLOR: _, FORCE_COLOR: __, ...inherited } = process.env;
  return spawn(process.execPath, [program, ...args], { env: { ...inherited, ...env }, stdio: 'pipe' });
}

/** Runs `sluice` to its end. */
export async function sluice(args: readonly string[], { stdin = '', env }: RunOptions = {}): Promise<Ended> {
  const child = start(args, env);
  child.stdin?.end(stdin);
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('the program was started without pipes');
  const [out, err, [status]] = await Promise.all([text(stdout), text(stderr), once(child, 'close')]);
  return { status, stdout: out, stderr: err };
}

export interface Serving {
  /** The addresses of the line `listening xds=… xds-tls=… http=…`. */
  readonly xds: string;
  readonly http: string;
  /** Empty where it does not listen on TLS. */
  readonly xdsTls: string;
  /** Waits for a line of standard error that has `part` in it. */
  line(part: string): Promise<string>;
  /** Sends a signal. */
  signal(signal: NodeJS.Signals): void;
  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Ended>;
}

/**
 * Starts `sluice serve` on free ports and waits until it says where it listens. It ends with the test; where it does not
 * listen after `within` milliseconds it ends then, and this rejects.
 */
export async function serve(args: readonly string[], env: RunOptions['env'] = {}, within?: number): Promise<Serving> {
  const free = ['--xds-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0'];
  const child = start(['serve', ...free, ...args], env);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const log = new Lines(child);
  const closed = once(child, 'close');
  const late = within === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), within);
  const line = await log.line('listening ');
  clearTimeout(late);
  const address = (name: string): string =>
    /** The word after ` name=`. */ line.split(` ${name}=`)[1]?.split(/\s/)[0] ?? '';
  const end = async (signal: NodeJS.Signals): Promise<Ended> => {
    child.kill(signal);
    const [status] = await closed;
    return { status, stdout: '', stderr: log.text };
  };
  return {
    xds: address('xds'),
    http: address('http'),
    xdsTls: address('xds-tls'),
    line: (part) => log.line(part),
    signal: (signal) => child.kill(signal),
    end,
  };
}

/** Standard error, line by line. */
class Lines {
  text = '';
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#closed = once(child, 'close');
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.text += chunk;
    });
  }

  async line(part: string): Promise<string> {
    for (;;) {
      const found = this.text
        .split('\n')
        .slice(0, -1)
        .find((line) => line.includes(part));
      if (found !== undefined) return found;
      const { exitCode, signalCode, stderr } = this.#child;
      if (exitCode !== null || signalCode !== null || stderr === null) {
        throw new Error(`it ended without a line with "${part}":\n${this.text}`);
      }
      await Promise.race([once(stderr, 'data'), this.#closed]);
    }
  }
}

/** A folder with these files, which goes with the test. */
export function folder(files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return path;
}
