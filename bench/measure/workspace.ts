// What all measurements of a run share: the folders that they need, each written once, and how the run was asked for.
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Certificates, writeCertificates } from '../certificates.ts';
import { tool } from '../server-process.ts';
import type { Cache } from '../servers.ts';
import { changesOf, type Size, scaled, sizes } from '../workloads.ts';
import { restoreYaml, writeYaml, type YamlFolder } from '../yaml-folder.ts';
import type { Proxies } from './served.ts';

export interface RunOptions {
  /** Of small workloads the median of so many runs is taken. */
  readonly runs: number;
  /** How many changes are measured in each run; null for as many as the workload needs. */
  readonly changes: number | null;
  readonly scale: number;
  readonly cache: Cache;
  readonly mode: Proxies['mode'];
  /** An existing, empty folder. */
  readonly folder: string;
  readonly progress: (text: string) => void;
}

export class Workspace {
  readonly options: RunOptions;
  readonly #yaml = new Map<string, YamlFolder>();
  #certificates: Promise<Certificates> | undefined;

  constructor(options: RunOptions) {
    this.options = options;
  }

  size(name: keyof typeof sizes): Size {
    return scaled(sizes[name], this.options.scale);
  }

  proxies(name: keyof typeof sizes): Proxies {
    return { count: this.size(name).proxies, mode: this.options.mode };
  }

  changes(name: keyof typeof changesOf): number {
    return this.options.changes ?? changesOf[name];
  }

  /** The folder of a workload as it was written first, whatever was edited in it since. */
  async yaml(name: keyof typeof sizes): Promise<YamlFolder> {
    const found = this.#yaml.get(name);
    const folder = found ?? (await writeYaml(join(this.options.folder, name), this.size(name)));
    if (found !== undefined) await restoreYaml(found);
    this.#yaml.set(name, folder);
    return folder;
  }

  certificates(): Promise<Certificates> {
    this.#certificates ??= writeCertificates(this.options.folder);
    return this.#certificates;
  }

  /** A folder with the peer's configuration as bytes. */
  async dump(name: keyof typeof sizes): Promise<string> {
    const { services, endpoints } = this.size(name);
    const folder = join(this.options.folder, `${name}-bytes`);
    await mkdir(folder, { recursive: true });
    const data = ['-services', String(services), '-endpoints', String(endpoints)];
    await promisify(execFile)(tool('peer'), [...data, '-dump', folder]);
    return folder;
  }
}
