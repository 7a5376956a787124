// The Envoys of a soak run, and whether they have what the folder says.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePortOffset } from '../../src/cli/demo/free-ports.ts';
import { notInForce } from '../../src/cli/demo/in-force.ts';
import { proxyNode } from '../../src/envoy/node.ts';
import { type BootstrapOptions, bootstrap } from '../../src/inject/bootstrap.ts';
import { EnvoyProcess, findEnvoy } from '../../src/inject/launcher.ts';
import { poll } from '../../src/inject/poll.ts';
import type { ProxyNode } from '../../src/model/proxy.ts';
import { noCertificate } from '../../src/model/proxy.ts';
import { readOnce } from '../../src/sources/files.ts';
import { Translator } from '../../src/translate/translator.ts';

export interface Member {
  readonly node: ProxyNode;
  readonly envoy: EnvoyProcess;
}

export interface FleetOptions {
  readonly count: number;
  /** Where they find the control plane. */
  readonly xds: BootstrapOptions['xds'];
  /** All ports that services may have. */
  readonly servicePorts: readonly number[];
  /** An existing, empty folder. */
  readonly folder: string;
}

const ip = '127.0.0.1';
/** Counters that stay 0 in a run without faults of ours; a retry would hide a failure. */
const troubleCounters = 'update_rejected$|upstream_rq_retry$|no_cluster$|\\.no_route$';

/** Starts Envoys, every second one with the state of the world. Retries are off. */
export async function startFleet({ count, xds, servicePorts, folder }: FleetOptions): Promise<readonly Member[]> {
  const members: Member[] = [];
  for (let i = 0; i < count; i += 1) {
    const own = join(folder, `envoy-${i}`);
    await mkdir(own);
    const portOffset = await freePortOffset(servicePorts, null);
    const node = proxyNode({
      ...{ ip, name: `soak-${i}`, namespace: 'default', interception: 'NONE', portOffset },
      certificates: { client: noCertificate, server: noCertificate },
    });
    const config = bootstrap({
      node,
      xds,
      protocol: i % 2 === 0 ? 'delta' : 'sotw',
      admin: { host: ip, port: 0 },
      runtime: { 'upstream.use_retry': 0 },
    });
    const process = { binary: findEnvoy(undefined), launchedBy: [], concurrency: 1, logLevel: 'warning' } as const;
    const envoy = await EnvoyProcess.start({ bootstrap: config, ...process, folder: own });
    members.push({ node, envoy });
    // Its listeners take their ports before the next one looks for free ones.
    const ready = async () => (await envoy.admin.ready()) || undefined;
    await poll(ready, { within: 60_000, every: 20, what: 'Envoy to be ready' });
  }
  return members;
}

/** Resolves when all have exactly what a fresh translation of the folder gives. Throws with what differs if they never do. */
export async function settled(members: readonly Member[], configFolder: string, within: number): Promise<void> {
  const { objects } = await readOnce([configFolder]);
  const translator = new Translator({ allowLoopbackEndpoints: true });
  const mesh = translator.resolve(objects).value;
  for (const { node, envoy } of members) {
    const { value: snapshot } = translator.emit(mesh, translator.group(mesh, node));
    let missing: readonly string[] = [];
    const look = async () => {
      missing = notInForce(snapshot, await envoy.admin.config());
      return missing.length === 0 || undefined;
    };
    await poll(look, { within, every: 100, what: `${node.name} to have the configuration` }).catch((error) => {
      throw new Error([String(error), ...missing].join('\n'));
    });
  }
}

/** What went wrong in an Envoy, in its own counters. */
export async function troublesOf(members: readonly Member[]): Promise<readonly string[]> {
  const found = members.map(async ({ node, envoy }) => {
    const stats = await envoy.admin.stats(troubleCounters);
    if (stats.size === 0) return [`${node.name} does not count its troubles`];
    return [...stats].filter(([, count]) => count > 0).map(([name, count]) => `${node.name}: ${name} ${count}`);
  });
  return (await Promise.all(found)).flat();
}
