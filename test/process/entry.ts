// A control plane as a process of its own, with its metrics and its log, whose times and limits a test may set. Run by
// serving.ts; what is served comes as messages.

import { formatAddress } from '../../src/cli/serve/address.ts';
import { startHttpServer } from '../../src/cli/serve/http.ts';
import { createLog } from '../../src/cli/serve/log.ts';
import { createMetrics } from '../../src/cli/serve/metrics/metrics.ts';
import { createServices } from '../../src/cli/serve/services.ts';
import { openTls } from '../../src/cli/serve/tls.ts';
import { xdsEventLog } from '../../src/cli/serve/xds-log.ts';
import { ControlPlane } from '../../src/control-plane.ts';
import { authorizeNode } from '../../src/identity/authorize-node.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { MemorySource } from '../../src/sources/memory.ts';
import { type ServerParts, startXdsServer } from '../../src/xds/server.ts';
import type { ProcessOptions } from './serving.ts';

const { timers = {}, limits = {}, tlsFolder, timing } = JSON.parse(process.argv[2] ?? '{}') as ProcessOptions;
const loopback = { host: '127.0.0.1', port: 0 };
const log = createLog({ level: 'info', format: 'json' });
const metrics = createMetrics();
const source = new MemorySource();
const controlPlane = new ControlPlane({ sources: [source], allowLoopbackEndpoints: true, ...(timing && { timing }) });
await controlPlane.start();
metrics.follow(controlPlane);
const logEvent = xdsEventLog(log);
const services = createServices({ onFault: (error) => log.error({ err: error }, 'a fault of Sluice') });
const parts: ServerParts = {
  ...loopback,
  provider: controlPlane,
  timers,
  limits,
  services: services.serve,
  onEvent: (event) => {
    logEvent(event);
    metrics.onXdsEvent(event);
  },
};
const tls =
  tlsFolder === undefined
    ? null
    : await openTls(
        { certificates: { kind: 'folder', folder: tlsFolder }, address: loopback, trustDomains: null },
        { log, api: null, metrics: metrics.certificates, trustDomains: () => ['cluster.local'] },
      );
const server = await startXdsServer(
  tls === null
    ? parts
    : {
        ...parts,
        tls: { ...loopback, material: tls.material },
        authenticator: tls.authenticator,
        authorizeNode: (node, identity) => authorizeNode(node, identity, undefined),
      },
);
const http = await startHttpServer(loopback, { ready: () => true, metrics });
process.on('message', (message: readonly JsonObject[] | 'collect') => {
  if (message === 'collect') globalThis.gc?.();
  else source.apply(message);
});
process.on('disconnect', () => process.exit());
process.send?.({ xds: server.port, xdsTls: server.tlsPort, http: formatAddress(http) });
