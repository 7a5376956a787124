// A real Envoy as a test starts it, with a bootstrap of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Protocol } from '../harness/ads-client.ts';

const program = join(import.meta.dirname, '../../build/envoy');

/** As a newcomer would write it: a node id of no special form, and the control plane as a static cluster. */
export function bootstrap(port: number, protocol: Protocol): object {
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

export interface Envoy {
  /** The body of an admin page. */
  admin(path: string): Promise<string>;
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

export function startEnvoy(config: object): Envoy {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-xds-'));
  const addressFile = join(folder, 'admin');
  const options = ['--config-yaml', JSON.stringify(config), '--admin-address-path', addressFile];
  const more = ['--concurrency', '1', '--use-dynamic-base-id', '--log-level', 'error'];
  const child: ChildProcess = spawn(program, [...options, ...more], { stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  return {
    admin: async (path) => (await fetch(`http://${readFileSync(addressFile, 'utf8')}${path}`)).text(),
    signal: (name) => child.kill(name),
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true });
    },
  };
}

export async function counters(envoy: Envoy): Promise<ReadonlyMap<string, number>> {
  const lines = (await envoy.admin('/stats')).split('\n').map((line) => line.split(': '));
  return new Map(lines.map(([name = '', value]) => [name, Number(value)]));
}
