// The agent as a process: what the command line says becomes its parts, signals end it.
import { runSidecar, type SidecarOptions } from '../../inject/agent/sidecar.ts';
import { type BootstrapOptions, bootstrap, type SidecarNode } from '../../inject/bootstrap.ts';
import { CannotStart, findEnvoy } from '../../inject/launcher.ts';
import type { AppProbe } from '../../inject/pod/probes.ts';
import { readProbes } from '../../inject/pod/read-probes.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import { objectId } from '../../model/object.ts';
import { originOf } from '../../model/origin.ts';
import { UsageError } from '../command.ts';
import { certificatesFor, securedBy } from './sidecar-certificates.ts';
import type { SidecarFlags } from './sidecar-flags.ts';

/** From these addresses the rules of capture let calls of the workload through. */
const uncaptured = { v4: '127.0.0.6', v6: '::6' } as const;

/** Runs until Envoy ends or a signal has ended it; resolves with the exit status. Throws UsageError where it cannot start. */
export async function runSidecarProcess(flags: SidecarFlags): Promise<number> {
  const stop = new AbortController();
  const kill = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => (stop.signal.aborted ? kill : stop).abort());
  }
  const options = optionsOf(flags);
  const certificates = await certificatesFor(flags);
  try {
    return await runSidecar(options, stop.signal, kill.signal);
  } catch (error) {
    if (error instanceof CannotStart) throw new UsageError(error.message);
    const { code, port } = error as NodeJS.ErrnoException & { readonly port?: number };
    if (code === 'EADDRINUSE') throw new UsageError(`port ${port} is in use by another program`);
    throw error;
  } finally {
    await certificates?.close();
  }
}

function optionsOf(flags: SidecarFlags): SidecarOptions {
  const { agentPort: agent, readinessPort: readiness, metricsPort: metrics, instanceIp: ip } = flags;
  const from = flags.interception === 'NONE' ? null : uncaptured[ip.includes(':') ? 'v6' : 'v4'];
  return {
    envoy: {
      bootstrap: bootstrap(bootstrapOf(flags)),
      binary: findEnvoy(flags.envoy),
      launchedBy: [],
      concurrency: flags.concurrency === 0 ? null : flags.concurrency,
      logLevel: flags.logLevel,
      folder: flags.folder,
      log: 'own',
      drain: flags.drain,
    },
    ports: { agent, readiness, metrics },
    probes: probesOf(flags.appProbes),
    workload: { ip, from },
    terminationDrain: flags.terminationDrain,
    untilNoConnections: flags.untilNoConnections ?? false,
    onListening: (ports) => {
      process.stderr.write(
        `listening admin=127.0.0.1:${flags.adminPort} agent=${ports.agent} readiness=${ports.readiness} metrics=${ports.metrics}\n`,
      );
    },
  };
}

function bootstrapOf(flags: SidecarFlags): BootstrapOptions {
  const { xdsAddress: xds, podName: name, podNamespace: namespace, instanceIp: ip, interception } = flags;
  const node: SidecarNode = { ip, name, namespace, interception, portOffset: 0 };
  const admin = { host: '127.0.0.1', port: flags.adminPort };
  const { node: certificates, xdsTls } = securedBy(flags);
  const common = { xds, protocol: 'delta', admin, runtime: {}, ...(xdsTls !== undefined && { xdsTls }) } as const;
  return { ...common, node: { ...node, ...certificates } };
}

/** What injection has written is never wrong; what somebody else has is refused, or the workload would seem well. */
function probesOf(text: string | undefined): readonly AppProbe[] {
  if (text === undefined || text === '') return [];
  const origin = originOf(objectId({ group: '', kind: '', namespace: '', name: '' }));
  const diagnostics: Diagnostic[] = [];
  const probes = readProbes(text, { origin, diagnostics });
  if (diagnostics.length === 0) return probes;
  throw new UsageError(`--app-probes: ${diagnostics.map(({ message }) => message).join(', ')}`);
}
