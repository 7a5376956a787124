// A real server on a free port, a control plane that a test writes as text, and real clients; all of it ends with the test.
import type { ResourceKind } from '../../src/envoy/types.ts';
import type { ProxyNode } from '../../src/model/proxy.ts';
import type { Quarantine } from '../../src/xds/quarantine.ts';
import { type Admittance, type ServerParts, startXdsServer, type XdsServer } from '../../src/xds/server.ts';
import type { XdsTimers } from '../../src/xds/server-options.ts';
import type { Snapshot, SnapshotFeed, SnapshotProvider } from '../../src/xds/snapshot.ts';
import type { XdsEvent } from '../../src/xds/xds-event.ts';
import { AdsClient, type AdsClientOptions, type Protocol, type Received } from '../harness/ads-client.ts';
import { label, snapshot, type Texts } from './resources.ts';

/** Hands everyone the same snapshot, and has a fault where the node `fault` asks. */
class TextProvider implements SnapshotProvider {
  readonly nodes: ProxyNode[] = [];
  readonly refusals: string[] = [];
  /** Null: everyone is offered the same again, whatever was refused. */
  quarantine: Quarantine | null = null;
  catchUp: SnapshotProvider['catchUp'];
  #current: Snapshot = snapshot({});
  readonly #followers = new Set<(snapshot: Snapshot) => void>();

  follow(node: ProxyNode, onSnapshot: (snapshot: Snapshot) => void): SnapshotFeed {
    this.nodes.push(node);
    if (node.id === 'fault') throw new Error('a fault of the control plane');
    this.#followers.add(onSnapshot);
    onSnapshot(this.#offered());
    return {
      refused: ({ kind, message, culprits }) => {
        this.refusals.push(`${kind} ${message}`);
        this.quarantine?.add(culprits.map((culprit) => ({ kind, culprit, node: node.id, message })));
        this.#tell();
      },
      taken: (kind, resources) => {
        if ((this.quarantine?.taken(kind, resources).length ?? 0) > 0) this.#tell();
      },
      close: () => this.#followers.delete(onSnapshot),
    };
  }

  get followers(): number {
    return this.#followers.size;
  }

  /** Types that are not named stay as they are. */
  publish(texts: Texts): void {
    this.publishTables(snapshot(withPing(texts), this.#current));
  }

  publishTables(tables: Partial<Snapshot>): void {
    this.#current = { ...this.#current, ...tables };
    this.#tell();
  }

  #offered(): Snapshot {
    return this.quarantine?.offer(this.#current) ?? this.#current;
  }

  #tell(): void {
    for (const follower of this.#followers) follower(this.#offered());
  }
}

/** Endpoints and routes have a resource `ping` more, for `silence`. */
function withPing({ endpoint, route, ...rest }: Texts): Texts {
  return {
    ...rest,
    ...(endpoint === undefined ? {} : { endpoint: `${endpoint} ping=1` }),
    ...(route === undefined ? {} : { route: `${route} ping=1` }),
  };
}

export interface World {
  readonly protocol: Protocol;
  readonly server: XdsServer;
  readonly provider: TextProvider;
  readonly events: XdsEvent[];
  /** Resolves at the server's next event. */
  onceEvent(): Promise<void>;
  connect(options?: Partial<AdsClientOptions>): AdsClient;
}

export type WorldOptions = Partial<ServerParts> & Admittance & Pick<SnapshotProvider, 'catchUp'>;

/** Runs a test in a world of its own. */
export async function inWorld(
  protocol: Protocol,
  run: (world: World) => Promise<void>,
  timers: Partial<XdsTimers> = {},
  { catchUp, ...options }: WorldOptions = {},
): Promise<void> {
  const provider = new TextProvider();
  provider.catchUp = catchUp;
  provider.publish({ endpoint: '', route: '' });
  const events: XdsEvent[] = [];
  let wake = (): void => {};
  const onEvent = (event: XdsEvent): void => {
    events.push(event);
    wake();
  };
  const onceEvent = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  const server = await startXdsServer({ provider, port: 0, timers: { drain: 0, ...timers }, onEvent, ...options });
  const clients: AdsClient[] = [];
  const connect = (options: Partial<AdsClientOptions> = {}): AdsClient => {
    const client = new AdsClient({ port: server.port, protocol, ...options });
    clients.push(client);
    return client;
  };
  try {
    await run({ protocol, server, provider, events, onceEvent, connect });
  } finally {
    for (const client of clients) client.close();
    await server.close();
  }
}

/** `a=1 b=2 -c` of a response. */
export function text({ kind, resources, removed }: Received): string {
  if (kind === null) return removed.map((name) => `-${name}`).join(' ');
  const labels = [...resources.values()].map((resource) => label(kind, resource));
  return [...labels, ...removed.map((name) => `-${name}`)].join(' ');
}

/** What the client holds of a type after all that it has received. */
export function held(client: AdsClient, kind: ResourceKind): string {
  const full = client.protocol === 'sotw' && (kind === 'cluster' || kind === 'listener');
  const state = new Map<string, string>();
  for (const response of client.log.filter((one) => one.kind === kind)) {
    if (full) state.clear();
    for (const name of response.removed) state.delete(name);
    for (const [name, resource] of response.resources) state.set(name, label(kind, resource));
  }
  return [...state.values()].sort().join(' ');
}

/** The types of all responses, in the order in which they came. */
export function order(client: AdsClient): string {
  return client.log.map(({ kind }) => kind).join(' ');
}

/** Waits for two round trips on another type; whether anything of this type came that was not taken. */
export async function silent(client: AdsClient, kind: ResourceKind): Promise<boolean> {
  const other = kind === 'route' ? 'endpoint' : 'route';
  for (const _round of [1, 2]) {
    client.subscribe(other, ...client.names(other), 'ping');
    let response = await client.take(other);
    while (!response.resources.has('ping')) response = await client.take(other);
    client.unsubscribe(other, 'ping');
  }
  return client.untaken(kind) === 0;
}
