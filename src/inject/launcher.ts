// Starts and stops a real Envoy.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { open, readFile, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../lib/json.ts';
import type { Milliseconds } from '../model/lb-policy.ts';
import type { EnvoyLogLevel } from '../model/sidecar-settings.ts';
import { type AdminAddress, EnvoyAdmin } from './envoy-admin.ts';
import { poll } from './poll.ts';

export interface EnvoyOptions {
  readonly bootstrap: JsonObject;
  /** Path of the program. */
  readonly binary: string;
  /** Words before the program, for instance to enter a network namespace. Whatever they run has to keep its process id. */
  readonly launchedBy: readonly string[];
  /** Worker threads; null: one per core. With more than one, each takes turns of its own. */
  readonly concurrency: number | null;
  readonly logLevel: EnvoyLogLevel;
  /** An existing folder for its configuration, its admin address and its log. */
  readonly folder: string;
  /** Where its log goes: a file in the folder, or our own output. */
  readonly log?: 'file' | 'own';
  /** For how long listeners that are to end ask their clients to go, in milliseconds. */
  readonly drain?: Milliseconds;
}

/** How a process ended: as it says, or by a signal, which has the status that a shell gives it. */
export interface Ended {
  readonly status: number;
  /** In words. */
  readonly how: string;
}

/** Something outside this program is not as it has to be. The message is one line that says what to do. */
export class CannotStart extends Error {}

/**
 * The path of the Envoy program: `chosen`, else the environment's SLUICE_ENVOY, else `build/envoy` beside this program.
 * Throws CannotStart where there is none.
 */
export function findEnvoy(chosen: string | undefined): string {
  const named = chosen ?? process.env['SLUICE_ENVOY'];
  // The bundle lies one folder below the checkout, this file two.
  const candidates =
    named === undefined ? ['..', '../..'].map((up) => join(import.meta.dirname, up, 'build/envoy')) : [named];
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  if (named !== undefined)
    throw new CannotStart(`there is no Envoy at ${named}: correct the path, or set SLUICE_ENVOY`);
  throw new CannotStart("there is no Envoy: run 'make install', or set SLUICE_ENVOY to the path of one");
}

// Envoy must never outlive us, whatever ends us: the other end of the pipe closes when we are gone, and then `cat` ends.
// The shell becomes Envoy, so that our child's process id is Envoy's.
const script = 'exec 3<&0; { cat <&3; kill -KILL $$; } >/dev/null 2>&1 & exec "$@" </dev/null 3<&-';

/** One running Envoy. It dies with this process. */
export class EnvoyProcess {
  readonly admin: EnvoyAdmin;
  /** Resolves when the process has ended. */
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;

  readonly #log: string;

  private constructor(child: ChildProcess, ended: Promise<Ended>, admin: AdminAddress, log: string) {
    this.#child = child;
    this.ended = ended;
    this.admin = new EnvoyAdmin(admin);
    this.#log = log;
  }

  /** Starts Envoy; resolves when its admin port answers. Throws CannotStart with the end of its log if it ends before. */
  static async start(options: EnvoyOptions): Promise<EnvoyProcess> {
    const file = (name: string) => join(options.folder, name);
    await writeFile(file('envoy.json'), JSON.stringify(options.bootstrap, null, 2));
    const log = options.log === 'own' ? null : await open(file('envoy.log'), 'w');
    // What it says in a container is the container's log.
    const output = log?.fd ?? 'inherit';
    const child = spawn('/bin/sh', ['-c', script, 'sh', ...commandLine(options)], {
      stdio: ['pipe', output, output],
      // A session of its own: Ctrl-C is for us, and Envoy goes on until our last request is answered.
      detached: true,
    });
    const ended = endOf(child);
    await log?.close();
    const admin = await adminAddress(file('admin-address'), ended);
    if (typeof admin !== 'string') return new EnvoyProcess(child, ended, admin, file('envoy.log'));
    throw new CannotStart(`Envoy did not start: ${admin}; its log ends with\n${await lastLines(file('envoy.log'))}`);
  }

  /** The end of its log, for an error message. */
  lastWords(): Promise<string> {
    return lastLines(this.#log);
  }

  /** Ends it, at once if it does not end by itself within two seconds. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const deadline = setTimeout(() => this.#child.kill('SIGKILL'), 2000);
    await this.ended;
    clearTimeout(deadline);
  }
}

function commandLine(options: EnvoyOptions): readonly string[] {
  const { folder, concurrency, drain = 10_000 } = options;
  return [
    ...options.launchedBy,
    options.binary,
    ...['-c', join(folder, 'envoy.json'), '--admin-address-path', join(folder, 'admin-address')],
    ...['--log-level', options.logLevel, '--disable-hot-restart', '--drain-time-s', String(Math.ceil(drain / 1000))],
    ...(concurrency === null ? [] : ['--concurrency', String(concurrency)]),
  ];
}

async function endOf(child: ChildProcess): Promise<Ended> {
  try {
    const [code, signal] = (await once(child, 'exit')) as [number, NodeJS.Signals | null];
    if (signal === null) return { status: code, how: `exit status ${code}` };
    return { status: 128 + constants.signals[signal], how: `ended by ${signal}` };
  } catch (error) {
    return { status: 1, how: String(error) };
  } finally {
    child.stdin?.destroy();
  }
}

/** The admin address once Envoy has written it, or how Envoy ended before. */
async function adminAddress(file: string, ended: Promise<Ended>): Promise<AdminAddress | string> {
  let end: string | undefined;
  ended.then(({ how }) => {
    end = how;
  });
  const look = async () => {
    if (end !== undefined) return end;
    const text = await readFile(file, 'utf8').catch(() => '');
    const colon = text.lastIndexOf(':');
    return colon > 0 ? { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) } : undefined;
  };
  return poll(look, { within: 60_000, every: 10, what: 'the admin port of Envoy' });
}

async function lastLines(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-12).join('\n');
}
