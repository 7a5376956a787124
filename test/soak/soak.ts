// A soak run: requests without a pause, while everything that can change does, and everything that can break does.
import { setTimeout as delay } from 'node:timers/promises';
import { type Chance, chanceFrom, changeKinds } from './changes.ts';
import { faults } from './faults.ts';
import { SoakLoad } from './load.ts';
import { Stage, type StageOptions } from './stage.ts';

export interface SoakOptions extends Omit<StageOptions, 'services'> {
  readonly seed: number;
  /** Requests a second. */
  readonly rate: number;
  /** Milliseconds between two changes. */
  readonly pause: number;
  /** Asked after each round; the run goes on until it says yes. */
  readonly enough: (so: SoakResult) => boolean;
}

export interface SoakResult {
  readonly requests: number;
  readonly failed: number;
  readonly reasons: readonly string[];
  /** How many of each kind. */
  readonly changes: ReadonlyMap<string, number>;
  readonly faults: ReadonlyMap<string, number>;
  /** What Envoy refused or lacked, what did not come into force, a crash. */
  readonly troubles: readonly string[];
}

const services = ['shop', 'cart', 'search'];
/** In every round; the fault begins before the second and is over after the third. */
const changesPerRound = 8;

/** Runs until there is enough, or until something does not come into force. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const stage = await Stage.start({ ...options, services });
  const run = new Run(stage, options);
  try {
    for (let round = 0; run.troubles.length === 0; round += 1) {
      await run.round(round);
      if (options.enough(run.result)) break;
    }
    await run.load.stop();
    run.troubles.push(...(await stage.troubles()));
    return run.result;
  } finally {
    await run.load.stop();
    await stage.close();
  }
}

class Run {
  readonly load: SoakLoad;
  readonly troubles: string[] = [];
  readonly #stage: Stage;
  readonly #pause: number;
  readonly #chance: Chance;
  readonly #changes = new Map<string, number>();
  readonly #faults = new Map<string, number>();
  #nextKind = 0;

  constructor(stage: Stage, { rate, pause, seed }: SoakOptions) {
    this.#stage = stage;
    this.#pause = pause;
    this.#chance = chanceFrom(seed);
    this.load = new SoakLoad({
      rate,
      services,
      portOffsets: stage.members.map(({ node }) => node.portOffset),
      expected: (service, backend) => stage.expects(service, backend),
    });
  }

  get result(): SoakResult {
    const { requests, failed, reasons } = this.load;
    return { requests, failed, reasons, changes: this.#changes, faults: this.#faults, troubles: this.troubles };
  }

  /** Some changes, with a fault among them; at the end all Envoys have what the folder says. */
  async round(number: number): Promise<void> {
    const fault = faults[number % faults.length] ?? faults[0];
    await this.#change();
    await fault.begin(this.#stage);
    for (let i = 0; i < 2; i += 1) await this.#change();
    await fault.end(this.#stage);
    count(this.#faults, fault.name);
    for (let i = 3; i < changesPerRound; i += 1) await this.#change();
    try {
      await this.#stage.settle();
    } catch (error) {
      this.troubles.push(`after ${fault.name}: ${error instanceof Error ? error.message : error}`);
    }
    this.troubles.push(...(await this.#stage.troubles()));
  }

  /** The next kind of change that is possible now; kinds take turns. */
  async #change(): Promise<void> {
    const kinds = [...changeKinds];
    for (let tries = 0; tries < kinds.length; tries += 1) {
      const [kind, change] = kinds[this.#nextKind++ % kinds.length] ?? [];
      const town = change?.(this.#stage.town, this.#chance, this.#stage.limits) ?? null;
      if (kind === undefined || town === null) continue;
      await this.#stage.apply(town);
      count(this.#changes, kind);
      await delay(this.#chance.below(2 * this.#pause));
      return;
    }
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** All of them together. */
export function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, each) => sum + each, 0);
}
