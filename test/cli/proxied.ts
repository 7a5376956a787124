// `sluice serve` as a process with a real Envoy as its proxy.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePortOffset } from '../../src/cli/demo/free-ports.ts';
import { bootstrap } from '../../src/inject/bootstrap.ts';
import { EnvoyProcess, findEnvoy } from '../../src/inject/launcher.ts';
import { poll } from '../../src/inject/poll.ts';
import { type Serving, serve } from './sluice.ts';

export interface Proxied {
  readonly serving: Serving;
  readonly envoy: EnvoyProcess;
  /** `--server http://…` */
  readonly server: readonly string[];
  /** Added to the ports of services. */
  readonly portOffset: number;
}

/** The port of the first service, and of one that tests add. */
const ports = [80, 81];

/** Serves a folder to one sidecar, `web-1.shop`; resolves when Envoy is ready. Both end with the test. */
export async function serveEnvoy(config: string): Promise<Proxied> {
  const serving = await serve(['--config', config, '--log-level', 'debug']);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-proxied-'));
  const portOffset = await freePortOffset(ports, null);
  const [host = '', port] = serving.xds.split(':');
  const envoy = await EnvoyProcess.start({
    bootstrap: bootstrap({
      node: { ip: '127.0.0.1', name: 'web-1', namespace: 'shop', interception: 'NONE', portOffset },
      xds: { host, port: Number(port) },
      protocol: 'delta',
      admin: { host: '127.0.0.1', port: 0 },
      runtime: {},
    }),
    binary: findEnvoy(undefined),
    launchedBy: [],
    concurrency: 1,
    logLevel: 'off',
    folder,
  });
  onTestFinished(async () => {
    await envoy.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const ready = async (): Promise<true | undefined> => ((await envoy.admin.ready()) ? true : undefined);
  await poll(ready, { within: 20_000, every: 10, what: 'Envoy to be ready' });
  return { serving, envoy, server: ['--server', `http://${serving.http}`], portOffset };
}
