// An Envoy with the agent beside it: it gets its certificates from the control plane for a token, and gives them to Envoy.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootstrap, type SidecarNode } from '../../src/inject/bootstrap.ts';
import { type AgentEvent, type CertificateAgent, startCertificateAgent } from '../../src/inject/certificates/agent.ts';
import { EnvoyProcess, findEnvoy } from '../../src/inject/launcher.ts';

export interface AgentOptions {
  readonly node: Omit<SidecarNode, 'sdsSocket' | 'certificateFiles'>;
  /** The control plane. */
  readonly server: { readonly host: string; readonly port: number; readonly name: string };
  readonly rootsFile: string;
  readonly token: string;
}

export class AgentEnvoy {
  readonly envoy: EnvoyProcess;
  readonly events: readonly AgentEvent[];
  readonly folder: string;
  readonly #agent: CertificateAgent;

  private constructor(envoy: EnvoyProcess, agent: CertificateAgent, folder: string, events: readonly AgentEvent[]) {
    this.envoy = envoy;
    this.#agent = agent;
    this.folder = folder;
    this.events = events;
  }

  static async start({ node, server, rootsFile, token }: AgentOptions): Promise<AgentEnvoy> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-agent-'));
    const [tokenFile, socket] = [join(folder, 'token'), join(folder, 'sds')];
    await writeFile(tokenFile, token, { mode: 0o600 });
    const events: AgentEvent[] = [];
    const agent = await startCertificateAgent({
      ...{ server, rootsFile, tokenFile, socket },
      onEvent: (event) => events.push(event),
    });
    const envoy = await EnvoyProcess.start({
      bootstrap: bootstrap({
        node: { ...node, sdsSocket: socket },
        xds: server,
        xdsTls: { kind: 'agent', serverName: server.name },
        protocol: 'delta',
        admin: { host: '127.0.0.1', port: 0 },
        runtime: { 'upstream.use_retry': 0 },
      }),
      binary: findEnvoy(undefined),
      launchedBy: [],
      concurrency: 1,
      logLevel: 'warning',
      folder,
    });
    return new AgentEnvoy(envoy, agent, folder, events);
  }

  get certificates(): CertificateAgent['certificates'] {
    return this.#agent.certificates;
  }

  /** How many certificates came so far. */
  get issued(): number {
    return this.events.filter(({ kind }) => kind === 'issued').length;
  }

  async close(): Promise<void> {
    await this.envoy.stop();
    await this.#agent.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
