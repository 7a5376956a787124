// Starts a control plane in a process of its own: what it needs of memory and time is then the server's alone.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { BatchTiming } from '../../src/lib/batches.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import type { XdsLimits, XdsTimers } from '../../src/xds/server-options.ts';
import { type Family, parseExposition } from '../harness/exposition.ts';

export interface ProcessOptions {
  readonly timers?: Partial<XdsTimers>;
  readonly limits?: Partial<XdsLimits>;
  readonly timing?: BatchTiming;
  /** With it there is a second port, for mutual TLS. */
  readonly tlsFolder?: string;
}

interface Places {
  readonly xds: number;
  readonly xdsTls: number | null;
  readonly http: string;
}

export type LogLine = Readonly<Record<string, unknown>>;

export class ServingProcess {
  readonly xds: number;
  readonly xdsTls: number;
  /** All lines of its log so far. */
  readonly lines: LogLine[] = [];
  readonly #child: ChildProcess;
  readonly #http: string;

  private constructor(child: ChildProcess, { xds, xdsTls, http }: Places) {
    this.xds = xds;
    this.xdsTls = xdsTls ?? 0;
    this.#child = child;
    this.#http = http;
    if (child.stderr === null) throw new Error('the process was started without a pipe');
    // A line that is no JSON is an error of the test.
    createInterface(child.stderr).on('line', (line) => this.lines.push(JSON.parse(line) as LogLine));
  }

  static async start(options: ProcessOptions = {}): Promise<ServingProcess> {
    const child = fork(join(import.meta.dirname, 'entry.ts'), [JSON.stringify(options)], {
      silent: true,
      execArgv: ['--expose-gc'],
    });
    const [places] = (await once(child, 'message')) as [Places];
    return new ServingProcess(child, places);
  }

  /** Upserts objects. */
  apply(objects: readonly JsonObject[]): void {
    this.#child.send(objects);
  }

  /** Has it collect its garbage: V8 does that when it wants room, and an idle process wants none. */
  collect(): void {
    this.#child.send('collect');
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** In bytes. */
  get memory(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  }

  async metrics(): Promise<ReadonlyMap<string, Family>> {
    return parseExposition(await (await fetch(`http://${this.#http}/metrics`)).text());
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

/** The samples of a metric that are above what they were before. */
export function risen(
  name: string,
  before: ReadonlyMap<string, Family>,
  after: ReadonlyMap<string, Family>,
): readonly string[] {
  const was = before.get(name)?.samples;
  const samples = [...(after.get(name)?.samples ?? [])];
  return samples.flatMap(([key, value]) => (value > (was?.get(key) ?? 0) ? [`${key} ${value}`] : []));
}
