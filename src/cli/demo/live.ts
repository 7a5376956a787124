// `sluice demo`: steady traffic to everything a folder defines, and a live table of who answers.
import type { ActiveConfig } from '../../inject/envoy-admin.ts';
import { type Finding, formatFindings, locateDiagnostics } from '../diagnostics.ts';
import { readInput } from '../input.ts';
import { printable, styled } from '../terminal.ts';
import { describePolicy, policyInForce } from './envoy-facts.ts';
import type { LocalMesh } from './local-mesh.ts';
import { formatRows, indent } from './report.ts';
import { Stream } from './stream.ts';
import { type Target, targetName } from './targets.ts';

export interface LiveOptions {
  readonly mesh: LocalMesh;
  /** The YAML that the mesh is made from. */
  readonly folder: string;
  /** Resolves when it is time to end. */
  readonly ended: Promise<unknown>;
  readonly out: NodeJS.WriteStream;
}

/** Time between two looks at the table, in milliseconds. */
const beat = 1000;

/** Sends traffic and shows who answers until `ended` resolves; prints a summary. */
export async function watchLive(options: LiveOptions): Promise<void> {
  const { mesh, ended } = options;
  const view = new LiveView(options);
  const end = mesh.controlPlane.onPublish(() => void view.published());
  view.published();
  const timer = setInterval(() => view.draw(), beat);
  await ended;
  clearInterval(timer);
  end();
  await view.close();
}

/** The table and what stands above it. */
class LiveView {
  readonly #mesh: LocalMesh;
  readonly #folder: string;
  readonly #out: NodeJS.WriteStream;
  readonly #streams = new Map<string, Stream>();
  readonly #ended: Stream[] = [];
  #policies: ReadonlyMap<string, string> = new Map();
  /** What there is to say about the YAML now. */
  #findings: ReadonlySet<string> = new Set();
  /** How many lines of the terminal the last drawing took. */
  #height = 0;
  /** Counts publications, so that what an older one waited for does not overwrite a newer one's. */
  #publications = 0;

  constructor({ mesh, folder, out }: LiveOptions) {
    this.#mesh = mesh;
    this.#folder = folder;
    this.#out = out;
  }

  /** Follows the targets that there are now, and says what is new. */
  async published(): Promise<void> {
    const { targets, controlPlane } = this.#mesh;
    this.#follow(targets);
    this.#publications += 1;
    const publication = this.#publications;
    try {
      await this.#showFindings(locateDiagnostics(controlPlane.diagnostics, controlPlane.objects));
      const config = await this.#mesh.settled();
      if (publication === this.#publications) this.#showPolicies(config, targets);
    } catch (error) {
      this.#say(String(error));
    }
  }

  #showPolicies(config: ActiveConfig, targets: readonly Target[]): void {
    const before = this.#policies;
    this.#policies = new Map(
      targets.map((target) => [targetName(target), describePolicy(policyInForce(config, target.cluster))]),
    );
    for (const [name, policy] of this.#policies) {
      if (before.get(name) === policy) continue;
      this.#streams.get(name)?.forget();
      this.#say(`${name} is balanced by ${policy}, says Envoy`);
    }
  }

  #follow(targets: readonly Target[]): void {
    const wanted = new Map(targets.map((target) => [targetName(target), target]));
    for (const [name, stream] of this.#streams) {
      if (wanted.has(name)) continue;
      this.#streams.delete(name);
      this.#ended.push(stream);
      void stream.close();
    }
    for (const [name, target] of wanted) {
      const stream = this.#streams.get(name);
      if (stream === undefined) this.#streams.set(name, new Stream(target));
      else stream.target = target;
    }
  }

  /** Says what is new, with the line at fault. */
  async #showFindings(findings: readonly Finding[]): Promise<void> {
    const before = this.#findings;
    this.#findings = new Set(findings.map((finding) => JSON.stringify(finding)));
    const fresh = findings.filter((finding) => !before.has(JSON.stringify(finding)));
    if (before.size > 0 && findings.length === 0) this.#say('nothing to complain about any more');
    if (fresh.length === 0) return;
    const { lineOf } = await readInput([this.#folder]);
    for (const finding of fresh) this.#say(formatFindings([finding], lineOf, this.#out).trimEnd());
  }

  /** A line that stays, above the table. */
  #say(text: string): void {
    this.#erase();
    const time = new Date().toTimeString().slice(0, 8);
    this.#out.write(`${styled('dim', time, this.#out)}  ${text}\n`);
    if (this.#out.isTTY) this.draw();
  }

  #erase(): void {
    if (this.#height > 0) this.#out.write(`\x1b[${this.#height}A\x1b[J`);
    this.#height = 0;
  }

  draw(): void {
    const text = this.#out.isTTY ? this.#table() : this.#line();
    this.#erase();
    this.#out.write(text);
    if (this.#out.isTTY) this.#height = text.split('\n').length - 1;
  }

  #table(): string {
    const parts = [...this.#streams.values()].map((stream) => {
      const { target } = stream;
      const { address, port } = target.listens;
      const policy = this.#policies.get(targetName(target)) ?? '';
      const title = `${styled('bold', printable(targetName(target)), this.#out)}  ${policy}  (${address}:${port})`;
      return `\n${title}\n${formatRows(stream.rows(), this.#out.columns)}`;
    });
    return `${parts.join('')}\n${this.#totals()}   ${styled('dim', 'edit the YAML; Ctrl-C ends', this.#out)}\n`;
  }

  /** For whoever is no terminal: one line a second, and nothing that moves a cursor. */
  #line(): string {
    const parts = [...this.#streams.values()].map((stream) => {
      const rows = stream.rows();
      const sum = Math.max(
        1,
        rows.reduce((total, { answers }) => total + answers, 0),
      );
      const shares = rows.map(({ who, answers }) => `${who} ${Math.round((100 * answers) / sum)}%`);
      return `${targetName(stream.target)} ${shares.join(' ')}`;
    });
    return `${[this.#totals(), ...parts].map(printable).join('  ')}\n`;
  }

  #totals(): string {
    const losses = [...this.#streams.values(), ...this.#ended].map((stream) => stream.losses);
    const sum = (what: 'requests' | 'failed') => losses.reduce((total, each) => total + each[what], 0);
    return `requests ${sum('requests')} failed ${sum('failed')}`;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#streams.values()].map((stream) => stream.close()));
    if (this.#out.isTTY) this.draw();
    const reasons = [...this.#streams.values(), ...this.#ended].flatMap((stream) => stream.losses.reasons);
    this.#out.write(`\n${this.#totals()}\n`);
    for (const reason of new Set(reasons)) this.#out.write(indent(`failed: ${printable(reason)}\n`));
  }
}
