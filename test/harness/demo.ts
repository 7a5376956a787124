// `sluice demo` as a program of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const program = join(import.meta.dirname, '../../src/main.ts');

export class Demo {
  /** What it has printed so far. */
  out = '';
  errors = '';
  /** Resolves with its exit status. */
  readonly status: Promise<number | null>;
  readonly #child: ChildProcess;

  constructor(...args: readonly string[]) {
    const child = spawn(process.execPath, [program, 'demo', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
    this.status = once(child, 'close').then(([status]) => status);
  }

  /** Resolves when it has printed `text`. Throws if it ends without. */
  async prints(text: string): Promise<void> {
    while (!this.out.includes(text)) {
      const ended = this.status.then(() => 'ended');
      const next = this.#child.stdout === null ? ended : Promise.race([once(this.#child.stdout, 'data'), ended]);
      if ((await next) === 'ended' && !this.out.includes(text)) {
        throw new Error(`it never printed "${text}" but\n${this.out}\n${this.errors}`);
      }
    }
  }

  interrupt(): void {
    this.#child.kill('SIGINT');
  }
}
