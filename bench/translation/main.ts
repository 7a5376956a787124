// What translation costs: all of a mesh at once, and after one change of each kind. Prints one line of JSON.
// Usage: node --expose-gc main.ts SERVICES CHANGES
import { proxyNode } from '../../src/envoy/node.ts';
import type { ResourceTable } from '../../src/envoy/resource.ts';
import { resourceKinds } from '../../src/envoy/types.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { withValues } from '../../src/lib/layered-map.ts';
import { atOnce } from '../../src/lib/slices.ts';
import type { ObjectSet } from '../../src/model/object.ts';
import { Translator } from '../../src/translate/translator.ts';
import { middle } from '../median.ts';
import type { TranslationReport } from '../results.ts';
import { destinationRule, meshOf, pod, service, slice, sourceObject, virtualService } from './objects.ts';

const [services = 0, changes = 0] = process.argv.slice(2).map(Number);
const node = proxyNode({ namespace: 'n0' });

/** By kind of change, what is written at the n-th time into a service's objects; `undone` is what stood there. */
const kinds: { readonly [kind: string]: (index: number, round: number) => JsonObject } = {
  'an endpoint comes or goes': (index, round) => slice(index, 4 - (round % 2)),
  "a Pod's labels": (index, round) => pod(index, round % 2 === 0 ? 'v2' : 'v1'),
  "a Service's port": (index, round) => service(index, 81 + (round % 2)),
  'a new Service': (index, round) => service(services + index + round),
  "a DestinationRule's balancing": (index, round) => destinationRule(index, round % 2 === 0 ? 'RANDOM' : 'ROUND_ROBIN'),
  "a DestinationRule's subsets": (index, round) => destinationRule(index, 'LEAST_REQUEST', ['v1', `v${2 + round}`]),
  "a VirtualService's weights": (index, round) => virtualService(index, 20 + round),
};

type Tables = readonly ResourceTable[];

class Measured {
  readonly #translator = new Translator({ allowLoopbackEndpoints: false });
  #tables: Tables = [];

  /** Translates for one proxy as the control plane does; in milliseconds, and how many resources differ. */
  run(objects: ObjectSet): { readonly time: number; readonly differing: number } {
    const began = performance.now();
    const { value: mesh } = this.#translator.resolve(objects);
    const group = this.#translator.group(mesh, node);
    atOnce(this.#translator.prepare(mesh, group));
    const { value } = this.#translator.emit(mesh, group);
    const time = performance.now() - began;
    const tables = resourceKinds.map((kind) => value[kind]);
    const differing = tables.reduce((sum, table, index) => sum + difference(table, this.#tables[index]), 0);
    this.#tables = tables;
    return { time, differing };
  }
}

function difference(table: ResourceTable, before: ResourceTable | undefined): number {
  return [...table].filter(([name, resource]) => before?.get(name) !== resource).length;
}

function memory(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / (1 << 20);
}

const empty = memory();
const objects = meshOf(services);
const given = memory();
const translation = new Measured();
const cold = translation.run(objects);
const held = memory();
const warmUp = 4;

function measureKind(
  change: (index: number, round: number) => JsonObject,
): TranslationReport['changes'][number]['cost'] {
  let current: ObjectSet = objects;
  const times: number[] = [];
  let differing = 0;
  for (let round = 0; round < warmUp + changes; round += 1) {
    const made = sourceObject(change((round * 7) % services, round));
    current = withValues(current, new Map([[made.id, made]]));
    const run = translation.run(current);
    if (round >= warmUp) times.push(run.time);
    differing = Math.max(differing, run.differing);
  }
  translation.run(objects);
  return { p50: middle(times), differing };
}

const report: TranslationReport = {
  services,
  cold: cold.time,
  resources: cold.differing,
  objectsMemory: given - empty,
  memory: held - given,
  changes: Object.entries(kinds).map(([kind, change]) => ({ kind, cost: measureKind(change) })),
};
console.log(JSON.stringify(report));
