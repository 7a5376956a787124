// `sluice demo`: the control plane, real backends, a real Envoy and real traffic on one machine.

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CannotStart, findEnvoy } from '../../inject/launcher.ts';
import { filesSource } from '../../sources/files.ts';
import { type ExitStatus, UsageError } from '../command.ts';
import { formatFindings, locateDiagnostics } from '../diagnostics.ts';
import { readInput } from '../input.ts';
import { watchLive } from './live.ts';
import { reportLoads } from './loads.ts';
import { LocalMesh } from './local-mesh.ts';
import { moveTakenPorts } from './move-ports.ts';
import { playPolicies } from './play.ts';
import { speaksHttp, type Target, targetName } from './targets.ts';
import { WorkingCopy } from './working-copy.ts';

export interface DemoOptions {
  /** A folder of YAML. Never written to. */
  readonly dir: string;
  /** Whether to play the policy changes on a copy and end, rather than to watch the folder. */
  readonly once: boolean;
  /** How many requests each step of `once` sends. */
  readonly requests: number | undefined;
}

const defaultRequests = 600;
/** Fewer cannot tell one policy from another. */
const fewestRequests = 100;

/** Runs the demo. Throws UsageError where this machine or the folder lacks something. */
export async function runDemo(options: DemoOptions): Promise<ExitStatus> {
  const { requests = defaultRequests } = options;
  if (requests < fewestRequests) {
    throw new UsageError(`--requests: at least ${fewestRequests}, for fewer cannot tell one policy from another`);
  }
  const workspace = await mkdtemp(join(tmpdir(), 'sluice-demo-'));
  try {
    const dir = findFolder(options.dir);
    return options.once ? await once(dir, workspace, requests) : await live(dir, workspace);
  } catch (error) {
    if (error instanceof CannotStart) throw new UsageError(error.message);
    throw error;
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

/** The policy changes, on a copy. */
async function once(dir: string, workspace: string, requests: number): Promise<ExitStatus> {
  const copy = await WorkingCopy.create(dir, workspace);
  for (const line of await moveTakenPorts(copy)) process.stdout.write(`${line}\n`);
  return withMesh(copy.folder, workspace, async (mesh) => {
    const balanced = mesh.targets.filter(({ routed }) => !routed);
    const target = balanced.find(speaksHttp) ?? balanced[0];
    await printFindings(mesh, copy.folder);
    if (target === undefined) throw new UsageError(mesh.targets.length === 0 ? nothingToCall(dir) : allRouted(dir));
    announce(mesh, target);
    const { stdout } = process;
    stdout.write(`${dir} is copied, and the copy is edited while requests go to ${targetName(target)}.\n`);
    const play = playPolicies({ mesh, copy, target, requests, out: stdout });
    return Promise.race([play, interruption()]);
  });
}

/** The folder itself, until Ctrl-C. */
async function live(dir: string, workspace: string): Promise<ExitStatus> {
  return withMesh(dir, workspace, async (mesh) => {
    const [target] = mesh.targets;
    if (target === undefined) {
      await printFindings(mesh, dir);
      throw new UsageError(nothingToCall(dir));
    }
    announce(mesh, target);
    await watchLive({ mesh, folder: dir, ended: interruption(), out: process.stdout });
    return 0;
  });
}

/** What is wrong with the YAML, on standard error. */
async function printFindings({ controlPlane }: LocalMesh, folder: string): Promise<void> {
  const { lineOf } = await readInput([folder]);
  const findings = locateDiagnostics(controlPlane.diagnostics, controlPlane.objects);
  const wrong = findings.filter(({ severity }) => severity !== 'info');
  process.stderr.write(formatFindings(wrong, lineOf, process.stderr));
}

async function withMesh(
  folder: string,
  workspace: string,
  run: (mesh: LocalMesh) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  const envoyFolder = join(workspace, 'envoy');
  await mkdir(envoyFolder);
  const mesh = await LocalMesh.start({
    sources: [filesSource({ paths: [folder] })],
    envoy: findEnvoy(undefined),
    folder: envoyFolder,
    protocol: 'delta',
    preferredOffset: 10_000,
  });
  mesh.controlPlane.onPublish(() => reportLoads(mesh));
  reportLoads(mesh);
  try {
    return await run(mesh);
  } finally {
    await mesh.close();
  }
}

/** Resolves when the user or the system wants the program to end. */
function interruption(): Promise<1> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve(1));
  });
}

/** Where everything listens, in the form that scripts read. */
function announce({ xds, envoy }: LocalMesh, { listens }: Target): void {
  const { host, port } = envoy.admin.address;
  const outbound = `${listens.address}:${listens.port}`;
  process.stderr.write(`listening xds=${xds.host}:${xds.port} admin=${host}:${port} outbound=${outbound}\n`);
}

function nothingToCall(dir: string): string {
  return `${dir} defines nothing to call: it needs a Service and an EndpointSlice with a ready address, as in examples/seed`;
}

/** The folder, from here or, for the examples, from where Sluice is installed. */
function findFolder(dir: string): string {
  const checkouts = ['..', '../../..'].map((up) => join(import.meta.dirname, up));
  const found = [dir, ...checkouts.map((checkout) => join(checkout, dir))].find((path) => existsSync(path));
  if (found === undefined) throw new UsageError(`there is no folder ${dir}`);
  return found;
}

function allRouted(dir: string): string {
  return `a VirtualService decides first where requests to all services of ${dir} go, and --once plays the balancing alone: run it without --once`;
}
