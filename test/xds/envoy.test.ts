// The real Envoy as a client, SotW and delta: it takes everything, and nothing stays behind.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ResourceKind } from '../../src/envoy/types.ts';
import type { Protocol } from '../harness/ads-client.ts';
import { inWorld, type World } from './world.ts';

const program = join(import.meta.dirname, '../../build/envoy');

/** As a newcomer would write it: a node id of no special form, and the control plane as a static cluster. */
function bootstrap(port: number, protocol: Protocol): object {
  const service = { envoy_grpc: { cluster_name: 'xds' } };
  return {
    node: { id: 'test', cluster: 'test' },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    dynamic_resources: {
      ads_config: {
        api_type: protocol === 'sotw' ? 'GRPC' : 'DELTA_GRPC',
        transport_api_version: 'V3',
        grpc_services: [service],
      },
      cds_config: { ads: {}, resource_api_version: 'V3' },
      lds_config: { ads: {}, resource_api_version: 'V3' },
    },
    static_resources: {
      clusters: [
        {
          name: 'xds',
          type: 'STATIC',
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          load_assignment: {
            cluster_name: 'xds',
            endpoints: [
              {
                lb_endpoints: [
                  { endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } },
                ],
              },
            ],
          },
        },
      ],
    },
  };
}

interface Envoy {
  /** The body of an admin page. */
  admin(path: string): Promise<string>;
  stop(): Promise<void>;
}

function startEnvoy(config: object): Envoy {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-xds-'));
  const addressFile = join(folder, 'admin');
  const options = ['--config-yaml', JSON.stringify(config), '--admin-address-path', addressFile];
  const more = ['--concurrency', '1', '--use-dynamic-base-id', '--log-level', 'error'];
  const child: ChildProcess = spawn(program, [...options, ...more], { stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  return {
    admin: async (path) => (await fetch(`http://${readFileSync(addressFile, 'utf8')}${path}`)).text(),
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true });
    },
  };
}

/** Resolves when Envoy has asked for so many endpoints and routes, and all that it should have is acknowledged. */
async function synced({ server, events, onceEvent }: World, asked: { endpoint: number; route: number }): Promise<void> {
  const names = (type: ResourceKind): number => {
    const last = events.findLast((event) => event.kind === 'subscribed' && event.type === type);
    return last?.kind === 'subscribed' ? last.names : 0;
  };
  const done = (): boolean => {
    const types = server.streams().flatMap((stream) => stream.types);
    const complete = names('endpoint') === asked.endpoint && names('route') === asked.route;
    return complete && types.length === 4 && types.every((type) => type.synced);
  };
  while (!done()) await onceEvent();
}

async function counters(envoy: Envoy): Promise<ReadonlyMap<string, number>> {
  const lines = (await envoy.admin('/stats')).split('\n').map((line) => line.split(': '));
  return new Map(lines.map(([name = '', value]) => [name, Number(value)]));
}

const troubles = /(update_rejected|update_failure|init_fetch_timeout|warming_clusters|total_listeners_warming)$/;

async function conversation(world: World): Promise<void> {
  const { provider, server, protocol } = world;
  provider.publish({ cluster: 'a=1 b=1', endpoint: 'a=1 b=1', listener: 'l=1', route: 'l=1' });
  const envoy = startEnvoy(bootstrap(server.port, protocol));
  try {
    await synced(world, { endpoint: 2, route: 1 });
    provider.publish({ cluster: 'a=2 b=1' });
    await synced(world, { endpoint: 2, route: 1 });
    provider.publish({ cluster: 'a=2 c=1', endpoint: 'a=2 c=1', listener: 'l=2', route: 'l=2' });
    await synced(world, { endpoint: 2, route: 1 });
    provider.publish({ cluster: 'a=2 b=2', endpoint: 'a=3 b=2', listener: 'l=2 m=1', route: 'l=3 m=1' });
    await synced(world, { endpoint: 2, route: 2 });
    provider.publish({ listener: 'l=2', route: 'l=3' });
    // Its route configuration is still asked for: a listener that goes away drains first.
    await synced(world, { endpoint: 2, route: 2 });
    const stats = await counters(envoy);
    expect([...stats].filter(([name, value]) => troubles.test(name) && value !== 0)).toEqual([]);
    expect(stats.get('cluster_manager.active_clusters')).toBe(3);
    expect(stats.get('listener_manager.total_listeners_active')).toBe(1);
    const listeners = (await envoy.admin('/listeners')).split('\n');
    const address = listeners.find((line) => line.startsWith('l::'))?.slice(3);
    expect((await fetch(`http://${address}/`)).status).toBe(203);
    expect(provider.refusals).toEqual([]);
  } finally {
    await envoy.stop();
  }
}

/** Asks all the time, and counts the answers that are not 200, until it is told to stop. */
function askingAlways(url: string): () => Promise<{ readonly asked: number; readonly failed: readonly string[] }> {
  let stopped = false;
  const failed: string[] = [];
  let asked = 0;
  const asking = (async () => {
    while (!stopped) {
      asked += 1;
      const answer = await fetch(url).then(async (response) => `${response.status} ${await response.text()}`, String);
      if (answer !== '200 served') failed.push(answer);
    }
  })();
  return async () => {
    stopped = true;
    await asking;
    return { asked, failed };
  };
}

/** Switches a route between clusters that come and go, under requests. */
async function switching(world: World): Promise<void> {
  const { provider, server, protocol } = world;
  const backend = createServer((_request, response) => response.end('served')).listen(9001, '127.0.0.11');
  provider.publish({ cluster: 'c0=1', endpoint: 'c0=1', listener: 'l=1', route: 'l=x:c0' });
  const envoy = startEnvoy(bootstrap(server.port, protocol));
  try {
    await synced(world, { endpoint: 1, route: 1 });
    const listeners = (await envoy.admin('/listeners')).split('\n');
    const address = listeners.find((line) => line.startsWith('l::'))?.slice(3);
    const stop = askingAlways(`http://${address}/`);
    for (let round = 1; round <= 50; round += 1) {
      const name = `c${round}`;
      provider.publish({ cluster: `${name}=1`, endpoint: `${name}=1`, route: `l=x:${name}` });
      await synced(world, { endpoint: 1, route: 1 });
    }
    const { asked, failed } = await stop();
    expect(failed).toEqual([]);
    expect(asked).toBeGreaterThan(50);
    const stats = await counters(envoy);
    expect([...stats].filter(([name, value]) => troubles.test(name) && value !== 0)).toEqual([]);
    expect(stats.get('cluster_manager.active_clusters')).toBe(2);
  } finally {
    await envoy.stop();
    backend.close();
  }
}

describe.each<Protocol>(['sotw', 'delta'])('%s', (protocol) => {
  test('Envoy takes clusters, endpoints, listeners, routes and their changes', () => inWorld(protocol, conversation));

  test('R-25: no request fails while a route is switched to new clusters fifty times', () =>
    inWorld(protocol, switching));
});
