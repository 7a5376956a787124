// What an earlier injection has left in a pod: who injects twice must not add a second sidecar, and nobody can pass
// something else off as one.
import { deepEqual } from 'fast-equals';
import type { PodTemplate } from '../../crds/pod-template.ts';
import { inside, report, type Spot } from '../../crds/values/decode.ts';
import { isObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import { sidecarContainer } from '../../model/names.ts';
import { probesVariable } from './containers.ts';
import { isOurs } from './own-names.ts';
import type { AppProbe } from './probes.ts';
import { readProbes } from './read-probes.ts';

/** The annotation that says what was injected. */
export const statusAnnotation = 'sidecar.istio.io/status';

/** The objects of a list, by their names. */
export function named(list: JsonValue | undefined): readonly (readonly [name: string, object: JsonObject])[] {
  const objects = Array.isArray(list) ? list.filter(isObject) : [];
  return objects.map((each) => [String(each['name']), each] as const);
}

/** The containers of ours that a pod has, by name. */
export function earlierContainers(spec: JsonObject): ReadonlyMap<string, JsonObject> {
  const all = [...named(spec['initContainers']), ...named(spec['containers'])];
  return new Map(all.filter(([name]) => isOurs(name)));
}

/** A pod that uses our names without having been injected: it cannot have a sidecar beside its own. */
export function namesTaken({ annotations, ...pod }: PodTemplate, spot: Spot): void {
  if (annotations.has(statusAnnotation)) return;
  for (const field of ['initContainers', 'containers'] as const) {
    for (const [index, { name }] of pod[field].entries()) {
      if (isOurs(name))
        report(inside(spot, 'spec', field, index, 'name'), 'SLC0801', `"${name}" is the name of what is injected`);
    }
  }
}

/** The probes that went by way of the agent already. */
export function earlierProbes(containers: ReadonlyMap<string, JsonObject>, spot: Spot): readonly AppProbe[] {
  const variable = named(containers.get(sidecarContainer)?.['env']).find(([name]) => name === probesVariable);
  const text = variable?.[1]['value'];
  return typeof text === 'string' ? readProbes(text, spot) : [];
}

/** What autoscalers and limits of a namespace change. */
const free: readonly string[] = ['resources'];
/** What has to be exactly as we write it; to all else an API server and others may add. */
const exact: readonly string[] = ['image', 'command', 'args', 'securityContext', 'lifecycle', 'restartPolicy'];

/** Whether `there` is what we would write, with nothing but additions that change nothing of its rights. */
export function covers(there: JsonValue | undefined, wanted: JsonValue): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(there) && wanted.every((each) => there.some((one) => covers(one, each)));
  }
  if (!isObject(wanted)) return there === wanted;
  if (!isObject(there)) return false;
  const same = ([key, value]: [string, JsonValue]): boolean => {
    if (free.includes(key)) return true;
    return exact.includes(key) ? deepEqual(there[key], value) : covers(there[key], value);
  };
  return Object.entries(wanted).every(same) && exact.every((key) => key in wanted || there[key] === undefined);
}
