// What a node does with a pod: runs its containers' commands as processes, in the pod's network and as their users.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findEnvoy } from '../../src/inject/launcher.ts';
import { poll } from '../../src/inject/poll.ts';
import { isObject, type JsonObject, type JsonValue } from '../../src/lib/json.ts';
import type { Pod } from './network.ts';

/** A container that runs. */
export class Running {
  log = '';
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.ended = once(child, 'exit').then(([status]) => status as number | null);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.log += text;
      });
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

const objects = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : [];
const strings = (value: JsonValue | undefined): readonly string[] => (Array.isArray(value) ? value.map(String) : []);
const objectOf = (value: JsonValue | undefined): JsonObject => (isObject(value) ? value : {});

/** The image of our containers, unpacked: every user can reach it. */
export class NodeAgent {
  readonly #image: string;
  readonly #running: Running[] = [];

  private constructor(image: string) {
    this.#image = image;
  }

  static async create(): Promise<NodeAgent> {
    const image = await mkdtemp(join(tmpdir(), 'sluice-image-'));
    await chmod(image, 0o755);
    execFileSync(process.execPath, ['scripts/build.ts', image], { stdio: 'pipe' });
    for (const [from, name] of [
      [findEnvoy(undefined), 'envoy'],
      [process.execPath, 'node'],
    ] as const) {
      await copyFile(from, join(image, name));
      await chmod(join(image, name), 0o755);
    }
    const program = `#!/bin/sh\nexec ${image}/node ${image}/main.js "$@"\n`;
    await writeFile(join(image, 'sluice'), program, { mode: 0o755 });
    execFileSync('chmod', ['-R', 'a+rX', image]);
    return new NodeAgent(image);
  }

  /** Puts files into the volumes of a pod, which are one folder here. */
  async mount({ name }: Pod, files: Readonly<Record<string, string>>): Promise<void> {
    const scratch = join(this.#image, name);
    await mkdir(scratch, { recursive: true });
    for (const [file, text] of Object.entries(files)) await writeFile(join(scratch, file), text, { mode: 0o644 });
  }

  /** Runs the init containers of a pod in their order: those that restart go on, once their startup probe succeeds. */
  async startInit(pod: JsonObject, network: Pod): Promise<ReadonlyMap<string, Running>> {
    const left = new Map<string, Running>();
    for (const container of objects(objectOf(pod['spec'])['initContainers'])) {
      const running = await this.start(container, pod, network);
      if (container['restartPolicy'] === 'Always') {
        left.set(String(container['name']), running);
        await this.started(container, network, running);
      } else if ((await running.ended) !== 0) throw new Error(`${container['name']} failed: ${running.log}`);
    }
    return left;
  }

  /** Runs a container's command. */
  async start(container: JsonObject, pod: JsonObject, network: Pod): Promise<Running> {
    const { runAsUser, runAsGroup } = objectOf(container['securityContext']);
    const user = ['setpriv', `--reuid=${runAsUser}`, `--regid=${runAsGroup}`, '--clear-groups', '--'];
    const scratch = join(this.#image, network.name);
    await mkdir(scratch, { recursive: true });
    await chown(scratch, Number(runAsUser), Number(runAsGroup));
    const mounted = (word: string): string =>
      objects(container['volumeMounts']).reduce((text, each) => text.replace(String(each['mountPath']), scratch), word);
    const words = [...strings(container['command']), ...strings(container['args'])].map(mounted);
    const [program = '', ...args] = [...network.enter, ...user, ...words];
    const env = { ...environment(container, pod, network), PATH: `${this.#image}:${process.env['PATH']}` };
    const running = new Running(
      spawn(program, args, {
        env: { ...env, SLUICE_ENVOY: join(this.#image, 'envoy') },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
    this.#running.push(running);
    return running;
  }

  async started(container: JsonObject, network: Pod, running: Running): Promise<void> {
    const { path, port } = objectOf(objectOf(container['startupProbe'])['httpGet']);
    const look = async () => {
      const status = await Promise.race([ask(network, Number(port), String(path)), running.ended.then(() => 'ended')]);
      if (status === 'ended') throw new Error(`${container['name']} ended: ${running.log}`);
      return status === 200 ? true : undefined;
    };
    await poll(look, { within: 60_000, every: 50, what: `the startup probe of ${container['name']}` });
  }

  async close(): Promise<void> {
    for (const running of this.#running) running.signal('SIGKILL');
    await Promise.all(this.#running.map(({ ended }) => ended));
    await rm(this.#image, { recursive: true });
  }
}

function environment(container: JsonObject, pod: JsonObject, network: Pod): Readonly<Record<string, string>> {
  const { name, namespace = 'default' } = objectOf(pod['metadata']);
  const fields: Readonly<Record<string, string>> = {
    'metadata.name': String(name),
    'metadata.namespace': String(namespace),
    'status.podIP': network.address,
  };
  const value = (each: JsonObject): string => {
    const { fieldPath } = objectOf(objectOf(each['valueFrom'])['fieldRef']);
    return fieldPath === undefined ? String(each['value']) : (fields[String(fieldPath)] ?? '');
  };
  return Object.fromEntries(objects(container['env']).map((each) => [String(each['name']), value(each)]));
}

/** The status with which a pod answers, as the kubelet asks; null: it does not. */
export function ask({ address }: Pod, port: number, path: string): Promise<number | null> {
  return new Promise((resolve) => {
    const request = get({ host: address, port, path, agent: false, timeout: 5000 }, (response) => {
      response.resume();
      resolve(response.statusCode ?? null);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(null));
  });
}
