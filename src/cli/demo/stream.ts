// Steady requests to one target from a handful of users, and who answered in the last seconds.

import { Background, type Losses } from './background.ts';
import { keyedCall } from './keys.ts';
import type { Row } from './report.ts';
import { backendNames, clientFor, type Target } from './targets.ts';
import type { Client } from './traffic.ts';

/** So many different keys are sent. */
const users = 30;
/** Time between an answer and the next request, in milliseconds. */
const pause = 10;
/** For so long an answer counts, in milliseconds. */
const memory = 5000;

interface Heard {
  readonly at: number;
  readonly by: string;
  readonly key: string;
}

export class Stream {
  /** May change while requests go on: another policy, another set of backends. */
  target: Target;
  readonly #client: Client;
  readonly #background: Background;
  #heard: readonly Heard[] = [];
  #sent = 0;

  constructor(target: Target) {
    this.target = target;
    this.#client = clientFor(target);
    this.#background = new Background({ call: () => this.#call(), close: () => {} }, pause);
  }

  async #call() {
    const key = `user-${(this.#sent++ % users) + 1}`;
    const answer = await this.#client.call(keyedCall(this.target.policy.hash, key));
    const now = performance.now();
    const by = answer.kind === 'answered' ? answer.by : 'nobody';
    this.#heard = [...this.#heard.filter(({ at }) => at > now - memory), { at: now, by, key }];
    return answer;
  }

  /** Starts to count anew, as after a change of the policy. */
  forget(): void {
    this.#heard = [];
  }

  get losses(): Losses {
    return this.#background.losses;
  }

  /** Who answered in the last seconds; a backend that did not is there with 0. */
  rows(): readonly Row[] {
    const heard = Map.groupBy(this.#heard, ({ by }) => by);
    const names = new Set([...backendNames(this.target), ...heard.keys()]);
    return [...names].map((who) => {
      const answers = heard.get(who) ?? [];
      const keys = new Set(answers.map(({ key }) => key)).size;
      return { who, answers: answers.length, ...(this.target.policy.hash === null ? {} : { keys }) };
    });
  }

  async close(): Promise<void> {
    await this.#background.stop();
    this.#client.close();
  }
}
