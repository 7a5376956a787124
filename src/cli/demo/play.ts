// `sluice demo --once`: one policy after the other, each edited into the YAML, found in Envoy, and proved with traffic.
import type { JsonObject } from '../../lib/json.ts';
import type { HashKey } from '../../model/lb-policy.ts';
import type { PortPolicy } from '../../model/port-policy.ts';
import { printable } from '../terminal.ts';
import { backendName } from './backends.ts';
import { Background, type Losses } from './background.ts';
import { describePolicy, policyInForce } from './envoy-facts.ts';
import { canCarry, keyedCall } from './keys.ts';
import type { LocalMesh } from './local-mesh.ts';
import {
  type Measured,
  measureHash,
  measureLeastRequest,
  measureRandom,
  measureSpread,
  measureTurns,
  type Scene,
} from './measures.ts';
import { removeEndpoint, setLoadBalancer } from './policy-edits.ts';
import { formatChange, formatHeading, formatRows, formatVerdict, indent, type Verdict } from './report.ts';
import { backendNames, clientFor, speaksHttp, type Target, targetName } from './targets.ts';
import { type Client, tally } from './traffic.ts';
import type { WorkingCopy } from './working-copy.ts';

interface Step {
  readonly title: string;
  /** What stands in the rule's `loadBalancer`. */
  readonly loadBalancer: JsonObject;
  /** `lb_policy` in Envoy's dump. */
  readonly lbPolicy: string;
  readonly needsHttp: boolean;
  readonly measure: (scene: Scene) => Promise<Measured>;
}

const header: HashKey = { kind: 'header', name: 'x-user' };
const cookie: HashKey = { kind: 'cookie', name: 'user', path: '', ttl: null, attributes: [] };

const steps: readonly Step[] = [
  {
    title: 'ROUND_ROBIN: everybody in turn',
    loadBalancer: { simple: 'ROUND_ROBIN' },
    lbPolicy: 'ROUND_ROBIN',
    needsHttp: false,
    measure: measureTurns,
  },
  {
    title: 'LEAST_REQUEST: the less busy of two, so a slow backend gets less',
    loadBalancer: { simple: 'LEAST_REQUEST' },
    lbPolicy: 'LEAST_REQUEST',
    needsHttp: false,
    measure: measureLeastRequest,
  },
  {
    title: 'RANDOM: even in the long run, in no order',
    loadBalancer: { simple: 'RANDOM' },
    lbPolicy: 'RANDOM',
    needsHttp: false,
    measure: measureRandom,
  },
  {
    title: 'Ring hash on the header x-user: the same user, the same backend',
    loadBalancer: { consistentHash: { httpHeaderName: 'x-user', ringHash: { minimumRingSize: 1024 } } },
    lbPolicy: 'RING_HASH',
    needsHttp: true,
    measure: (scene) => measureHash(scene, (key) => keyedCall(header, key)),
  },
  {
    title: 'Maglev on the cookie user: the same session, the same backend',
    loadBalancer: { consistentHash: { httpCookie: { name: 'user', ttl: '1h' }, maglev: { tableSize: 65537 } } },
    lbPolicy: 'MAGLEV',
    needsHttp: true,
    measure: (scene) => measureHash(scene, (key) => keyedCall(cookie, key)),
  },
];

/** How a policy that was found is measured; only counted where what it promises takes time. */
function measureFor({ lb, hash }: PortPolicy): Step['measure'] {
  switch (lb.kind) {
    case 'round-robin':
      return lb.slowStart === null ? measureTurns : measureSpread;
    case 'least-request':
      return lb.slowStart === null ? measureLeastRequest : measureSpread;
    case 'random':
      return measureRandom;
    case 'ring-hash':
    case 'maglev':
      return canCarry(hash) ? (scene) => measureHash(scene, (key) => keyedCall(hash, key)) : measureSpread;
    default:
      return measureSpread;
  }
}

export interface Play {
  readonly mesh: LocalMesh;
  readonly copy: WorkingCopy;
  readonly target: Target;
  /** How many requests each step measures with. */
  readonly requests: number;
  readonly out: NodeJS.WriteStream;
}

/** Plays all steps and prints what happened. Gives 1 where a check failed or a request was lost. */
export async function playPolicies(play: Play): Promise<0 | 1> {
  const session = new Session(play);
  try {
    const found = await session.asWritten();
    const left = steps.filter(
      ({ lbPolicy, needsHttp }) => lbPolicy !== found && (!needsHttp || speaksHttp(play.target)),
    );
    for (const step of left) await session.step(step);
    return await session.summary();
  } finally {
    session.close();
  }
}

/** One run of the steps: what was sent and what was found out so far. */
class Session {
  readonly #play: Play;
  readonly #client: Client;
  readonly #verdicts: Verdict[] = [];
  readonly #reasons = new Set<string>();
  #headings = 0;
  #requests = 0;
  #failed = 0;

  constructor(play: Play) {
    this.#play = play;
    this.#client = clientFor(play.target);
  }

  close(): void {
    this.#client.close();
  }

  /** Gives Envoy's name of the policy that was found and proved; null where it was only counted. */
  async asWritten(): Promise<string | null> {
    const { mesh, target, out } = this.#play;
    this.#heading('As written');
    const policy = policyInForce(await mesh.settled(), target.cluster);
    out.write(indent(`Envoy's own dump: ${target.cluster}  ${describePolicy(policy)}\n\n`));
    const measure = measureFor(target.policy);
    await this.#measure(measure);
    return measure === measureSpread ? null : policy.lbPolicy;
  }

  async step(step: Step): Promise<void> {
    const { mesh, copy, target, out } = this.#play;
    this.#heading(step.title);
    const change = await this.#underTraffic(() => setLoadBalancer(copy, target, step.loadBalancer));
    out.write(`${formatChange(change, out)}\n`);
    const policy = policyInForce(await mesh.settled(), target.cluster);
    await this.#measure(step.measure);
    this.#verdict({ ok: policy.lbPolicy === step.lbPolicy, text: `Envoy's own dump says ${describePolicy(policy)}` });
  }

  async summary(): Promise<0 | 1> {
    const { mesh, out } = this.#play;
    this.#heading('Summary');
    const retries = [...(await mesh.envoy.admin.stats('upstream_rq_retry$')).values()].reduce((a, b) => a + b, 0);
    this.#verdict({ ok: this.#failed === 0, text: 'all edits were made under traffic, and no request was lost' });
    this.#verdict({ ok: retries === 0, text: `Envoy hid nothing: it retried ${retries} requests` });
    this.#verdict({ ok: mesh.troubles.length === 0, text: `Envoy refused ${mesh.troubles.length} configurations` });
    for (const reason of [...this.#reasons, ...mesh.troubles]) out.write(indent(`  ${printable(reason)}\n`));
    const wrong = this.#verdicts.filter(({ ok }) => !ok).length;
    out.write(`\nchecks ${this.#verdicts.length} failed ${wrong}\nrequests ${this.#requests} failed ${this.#failed}\n`);
    return wrong === 0 ? 0 : 1;
  }

  #heading(title: string): void {
    this.#headings += 1;
    this.#play.out.write(formatHeading(`${this.#headings}  ${title}`, this.#play.out));
  }

  #verdict(verdict: Verdict): void {
    this.#verdicts.push(verdict);
    this.#play.out.write(formatVerdict(verdict, this.#play.out));
  }

  async #measure(measure: (scene: Scene) => Promise<Measured>): Promise<void> {
    const { mesh, target, requests, out } = this.#play;
    const scene: Scene = {
      client: this.#client,
      backends: mesh.backends,
      names: backendNames(target),
      requests,
      withoutOne: (name, meanwhile) => this.#withoutOne(name, meanwhile),
    };
    const { rows, verdicts, answers } = await measure(scene);
    out.write(`${formatRows(rows, out.columns)}\n`);
    for (const verdict of verdicts) this.#verdict(verdict);
    const { failed, reasons } = tally(answers);
    this.#count({ requests: answers.length, failed, reasons });
  }

  /** Takes a backend's endpoint out of the YAML for a while. */
  async #withoutOne<T>(name: string, meanwhile: () => Promise<T>): Promise<T> {
    const { copy, target } = this.#play;
    const backend = target.backends.find((each) => backendName(each) === name);
    if (backend === undefined) throw new Error(`${name} is no backend of ${targetName(target)}`);
    const change = await this.#underTraffic(() => removeEndpoint(copy, backend));
    const result = await meanwhile();
    await this.#underTraffic(() => copy.undo(change));
    return result;
  }

  /** Makes an edit while requests go on, and waits until Envoy has it. */
  async #underTraffic<T>(edit: () => Promise<T>): Promise<T> {
    const client = clientFor(this.#play.target);
    const background = new Background(client, 2);
    const result = Promise.withResolvers<T>();
    try {
      await this.#play.mesh.change(async () => result.resolve(await edit()));
      return await result.promise;
    } finally {
      this.#count(await background.stop());
      client.close();
    }
  }

  #count({ requests, failed, reasons }: Losses): void {
    this.#requests += requests;
    this.#failed += failed;
    for (const reason of reasons) this.#reasons.add(reason);
  }
}
