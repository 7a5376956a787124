// The load client (go/adsload) as a process: flags in, one JSON report per command out.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { tool } from './server-process.ts';

export interface Distribution {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** CPU in seconds over what the report is about, memory in MiB at its end, and the most so far. */
export interface ServerUsage {
  readonly cpu: number;
  readonly memory: number;
  readonly peak: number;
}

export interface SyncReport {
  readonly proxies: number;
  readonly inSync: number;
  readonly syncMs: Distribution;
  readonly server: ServerUsage;
  readonly bytes: number;
  readonly messages: number;
  /** Streams that ended though the server was not expected to go; their proxies came back. */
  readonly failures: number;
  readonly firstFailure?: string;
}

export interface ChangesReport {
  readonly changes: number;
  readonly missed: number;
  /** Over all proxies and changes. */
  readonly changeMs: Distribution;
  /** Over the last proxy of each change. */
  readonly lastMs: Distribution;
  readonly server: ServerUsage;
  readonly cpuPerChange: number;
  readonly bytesPerProxy: number;
  readonly failures: number;
}

/** A running load client: its proxies are connected and in sync. */
export class Load {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess, lines: AsyncIterator<string>) {
    this.#child = child;
    this.#lines = lines;
  }

  /** Starts the proxies; resolves when all are in sync. Throws where that fails. */
  static async start(flags: readonly string[]): Promise<{ readonly load: Load; readonly sync: SyncReport }> {
    const child = spawn(tool('adsload'), flags, { stdio: ['pipe', 'pipe', 'inherit'] });
    if (child.stdout === null) throw new Error('the load client was started without a pipe');
    const load = new Load(child, createInterface(child.stdout)[Symbol.asyncIterator]());
    try {
      return { load, sync: whole(await load.#report<SyncReport>()) };
    } catch (error) {
      await load.close();
      throw error;
    }
  }

  async changes(count: number): Promise<ChangesReport> {
    const report = await this.#command<ChangesReport>(`changes ${count}`);
    if (report.missed > 0) throw new Error(`${report.missed} changes did not reach their proxy`);
    return report;
  }

  /** From now on the server may go away. With a marker proxies keep what they have, and wait for that endpoint. */
  async expectStorm(marker: string | null): Promise<void> {
    await this.#command(marker === null ? 'storm cold' : `storm warm ${marker}`);
  }

  /** The server is ready again: resolves when all proxies are in sync. */
  async ready(pid: number): Promise<SyncReport> {
    return whole(await this.#command<SyncReport>(`ready ${pid}`));
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await ended;
  }

  #command<T>(line: string): Promise<T> {
    this.#child.stdin?.write(`${line}\n`);
    return this.#report();
  }

  async #report<T>(): Promise<T> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('the load client has ended');
    return JSON.parse(value) as T;
  }
}

function whole(report: SyncReport): SyncReport {
  if (report.inSync === report.proxies) return report;
  const why = report.firstFailure ?? 'in the time that they had';
  throw new Error(`${report.proxies - report.inSync} of ${report.proxies} proxies did not come in sync: ${why}`);
}
