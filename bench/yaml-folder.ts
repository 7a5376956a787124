// The benchmark's services as YAML, one file each: the same as go/workload makes for the peer.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Size } from './workloads.ts';

export interface YamlFolder {
  /** What `sluice serve --config` is given. */
  readonly config: string;
  /** Some of the same files with `{marker}` for the address of the first endpoint. */
  readonly edits: string;
}

/** So many services are edited, in turn. */
const editedServices = 20;

const serviceName = (i: number): string => `svc-${String(i).padStart(5, '0')}`;
const virtualIp = (i: number): string => `10.96.${Math.floor(i / 200)}.${(i % 200) + 1}`;
const endpointIp = (i: number, j: number): string => `10.${100 + Math.floor(i / 200)}.${i % 200}.${j + 1}`;

function serviceFile(i: number, addresses: readonly string[]): string {
  const name = serviceName(i);
  return [
    'apiVersion: v1',
    'kind: Service',
    `metadata: {name: ${name}, namespace: bench}`,
    'spec:',
    `  clusterIP: ${virtualIp(i)}`,
    '  ports:',
    '  - {name: http, port: 80, targetPort: 8080}',
    '---',
    'apiVersion: discovery.k8s.io/v1',
    'kind: EndpointSlice',
    'metadata:',
    `  name: ${name}`,
    '  namespace: bench',
    `  labels: {kubernetes.io/service-name: ${name}}`,
    'addressType: IPv4',
    'ports:',
    '- {name: http, port: 8080}',
    'endpoints:',
    ...addresses.map((address) => `- addresses: ["${address}"]`),
    '',
  ].join('\n');
}

const fileName = (i: number): string => `${serviceName(i)}.yaml`;

/** Writes the folders below `parent`. */
export async function writeYaml(parent: string, { services, endpoints }: Size): Promise<YamlFolder> {
  const [config, edits] = [join(parent, 'config'), join(parent, 'edits')];
  for (const folder of [config, edits]) await mkdir(folder, { recursive: true });
  for (let i = 0; i < services; i += 1) {
    const addresses = Array.from({ length: endpoints }, (_, j) => endpointIp(i, j));
    await writeFile(join(config, fileName(i)), serviceFile(i, addresses));
    if (i >= editedServices) continue;
    await writeFile(join(edits, fileName(i)), serviceFile(i, ['{marker}', ...addresses.slice(1)]));
  }
  return { config, edits };
}

/** Undoes all edits, so that the next run's are changes again. */
export async function restoreYaml({ config, edits }: YamlFolder): Promise<void> {
  for (const [i, file] of (await readdir(edits)).sort().entries()) {
    const text = await readFile(join(edits, file), 'utf8');
    await writeFile(join(config, file), text.replaceAll('{marker}', endpointIp(i, 0)));
  }
}
