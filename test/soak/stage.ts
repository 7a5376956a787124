// What a soak run happens on: the folder, the backends, the control plane, the relay, the Envoys.
import { mkdir, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Backends, backendName } from '../../src/cli/demo/backends.ts';
import { freePortOn } from '../../src/cli/demo/free-ports.ts';
import type { Limits } from './changes.ts';
import { type Member, settled, startFleet, troublesOf } from './fleet.ts';
import { type Relay, startRelay } from './relay.ts';
import { Serving } from './serving.ts';
import { filesOf, type Shop, type Town } from './town.ts';

export interface StageOptions {
  readonly envoys: number;
  readonly services: readonly string[];
  /** An existing, empty folder. */
  readonly folder: string;
  /** 127.x: no other run on this machine has its backends there. */
  readonly network: number;
}

const hostsOf = ({ called }: Town): readonly (readonly [string, string])[] =>
  [...called].flatMap(([name, { hosts }]) => hosts.map(({ address }) => [name, address] as const));

/** How many addresses a called service may have, and has at first. */
const [mostHosts, firstHosts] = [6, 3];
/** How long everything may take to be as it should, in milliseconds. */
const patience = 40_000;
/** How long a backend answers on after no Envoy knows it any more, in milliseconds. */
const grace = 300;

export class Stage {
  readonly limits: Limits;
  readonly serving: Serving;
  readonly relay: Relay;
  members: readonly Member[] = [];
  town: Town;
  readonly configFolder: string;
  readonly #options: StageOptions;
  readonly #backends = new Backends();
  readonly #backendPort: number;
  #files: ReadonlyMap<string, string> = new Map();
  /** Who may answer for a service: whom it has, and whom it had until everyone has noticed. */
  readonly #expected = new Map<string, Set<string>>();

  private constructor(options: StageOptions, limits: Limits, relay: Relay, backendPort: number) {
    this.#options = options;
    this.limits = limits;
    this.relay = relay;
    this.#backendPort = backendPort;
    this.configFolder = join(options.folder, 'config');
    const log = join(options.folder, 'sluice.log');
    this.serving = new Serving(this.configFolder, log, (port) => relay.lead(port));
    const called = options.services.map((name) => [name, firstShop(limits.addresses(name))] as const);
    this.town = { called: new Map(called), others: new Map() };
  }

  /** Starts all of it; resolves when every Envoy has its configuration. */
  static async start(options: StageOptions): Promise<Stage> {
    const { services, folder, network, envoys } = options;
    for (const name of ['config', 'drafts', 'envoys']) await mkdir(join(folder, name));
    const addresses = (name: string) =>
      Array.from({ length: mostHosts }, (_, i) => `127.${network}.${1 + services.indexOf(name)}.${11 + i}`);
    const limits = { addresses, ports: Array.from({ length: 20 }, (_, i) => 81 + i) };
    const backendPort = await freePortOn(services.flatMap(addresses));
    const stage = new Stage(options, limits, await startRelay(), backendPort);
    try {
      await stage.apply(stage.town);
      await stage.serving.start();
      const servicePorts = [80, ...limits.ports];
      stage.members = await startFleet({
        count: envoys,
        xds: stage.relay,
        servicePorts,
        folder: join(folder, 'envoys'),
      });
      await stage.settle();
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  /** Makes the folder say what the town is. Backends of new endpoints run before it does. */
  async apply(town: Town): Promise<void> {
    this.town = town;
    for (const [service, address] of hostsOf(town)) {
      const backend = { address, port: this.#backendPort, speech: 'http' } as const;
      await this.#backends.ensure([backend]);
      this.#expected.set(service, (this.#expected.get(service) ?? new Set()).add(backendName(backend)));
    }
    const files = filesOf(town, this.#backendPort);
    for (const [name, text] of files) if (this.#files.get(name) !== text) await this.write(name, text);
    for (const name of this.#files.keys()) if (!files.has(name)) await unlink(join(this.configFolder, name));
    this.#files = files;
  }

  /** Puts a file into the folder, whole. */
  async write(name: string, text: string): Promise<void> {
    const draft = join(this.#options.folder, 'drafts', name);
    await writeFile(draft, text);
    await rename(draft, join(this.configFolder, name));
  }

  remove(name: string): Promise<void> {
    return unlink(join(this.configFolder, name));
  }

  /** The files as they should be. */
  get files(): ReadonlyMap<string, string> {
    return this.#files;
  }

  expects(service: string, backend: string): boolean {
    return this.#expected.get(service)?.has(backend) === true;
  }

  /** Waits until every Envoy has what the folder says; then the backends that no service has any more are ended. */
  async settle(): Promise<void> {
    await settled(this.members, this.configFolder, patience);
    await delay(grace);
    this.#expected.clear();
    for (const [service, address] of hostsOf(this.town)) {
      const name = backendName({ address, port: this.#backendPort });
      this.#expected.set(service, (this.#expected.get(service) ?? new Set()).add(name));
    }
    for (const name of this.#backends.names) {
      if (![...this.#expected.values()].some((names) => names.has(name))) await this.#backends.end(name);
    }
  }

  /** What nobody should have noticed. */
  async troubles(): Promise<readonly string[]> {
    const { crash } = this.serving;
    return [...(await troublesOf(this.members)), ...(crash === null ? [] : [crash])];
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map(({ envoy }) => envoy.stop()));
    await this.serving.close();
    await this.relay.close();
    await this.#backends.close();
  }
}

function firstShop(addresses: readonly string[]): Shop {
  const hosts = addresses.slice(0, firstHosts).map((address) => ({ address, ready: true, zone: 'a', version: 'v1' }));
  return {
    port: 80,
    portName: 'http',
    hosts,
    annotations: {},
    rule: null,
    routes: null,
    routed: false,
    slices: 1,
    edition: 1,
  };
}
