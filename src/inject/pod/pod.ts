// From a pod to the pod with its sidecar. Pure: the same pod, namespace and settings give the same pod; twice gives the same
// as once.
import { sidecarSettings } from '../../crds/annotations/sidecar.ts';
import { type PodTemplate, podTemplate } from '../../crds/pod-template.ts';
import { inside, report, type Spot } from '../../crds/values/decode.ts';
import { isObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import { sidecarContainer } from '../../model/names.ts';
import type { SidecarSettings } from '../../model/sidecar-settings.ts';
import { capturing, ownPorts, sidecar, sidecarVolumes } from './containers.ts';
import { covers, earlierContainers, earlierProbes, named, namesTaken } from './earlier.ts';
import type { MeshSettings } from './mesh-settings.ts';
import { injectedMetadata } from './metadata.ts';
import { isOurs } from './own-names.ts';
import { type AppProbe, appProbes, rewriteProbes } from './probes.ts';
import type { InjectionRequest } from './request.ts';
import { sayLeftOut, selectPod } from './selection.ts';

export type InjectionKind = 'injected' | 'left-out' | 'refused';

/** `pod` is the one with the sidecar, or the very one that came in. */
export interface Injection {
  readonly kind: InjectionKind;
  readonly pod: JsonObject;
  readonly diagnostics: readonly Diagnostic[];
}

const isError = ({ severity }: Diagnostic): boolean => severity === 'error';

/** Gives a pod its sidecar, leaves it out where it is not to have one, or refuses it whole; errors then say why. */
export function injectPod(request: InjectionRequest): Injection {
  const { origin, mesh, namespace } = request;
  const spot: Spot = { origin, diagnostics: [] };
  const ended = (kind: InjectionKind, pod = request.pod): Injection => ({ kind, pod, diagnostics: spot.diagnostics });
  const template = podTemplate(request.pod, spot);
  if (template === undefined) return ended('refused');
  const selection = selectPod(template, namespace, mesh.revision, inside(spot, 'metadata'));
  if (selection.kind === 'left-out') {
    // What is wrong with a pod that is none of our business is for others to say.
    spot.diagnostics.length = 0;
    sayLeftOut(spot, selection.reason);
    return ended('left-out');
  }
  const settings = sidecarSettings(template.annotations, mesh.sidecar, inside(spot, 'metadata'));
  namesTaken(template, spot);
  volumesTaken(template, request, spot);
  portsTaken(template, spot);
  if (selection.kind === 'unclear' || spot.diagnostics.some(isError)) return ended('refused');
  const pod = withSidecar(request, template, settings, spot);
  return spot.diagnostics.some(isError) ? ended('refused') : ended('injected', pod);
}

function withSidecar(
  request: InjectionRequest,
  template: PodTemplate,
  settings: SidecarSettings,
  spot: Spot,
): JsonObject {
  const { pod, mesh } = request;
  const spec = objectOf(pod['spec']);
  const earlier = earlierContainers(spec);
  const probes = settings.rewriteProbes ? appProbes(template, earlierProbes(earlier, spot)) : [];
  const kept = (wanted: JsonObject): JsonObject => keep(wanted, earlier, spot);
  const captured = settings.interception === 'NONE' ? [] : [kept(capturing(mesh, settings))];
  const proxy = kept(sidecar(mesh, settings, probes));
  const own = (field: string): readonly JsonObject[] => workloadContainers(spec[field], probes);
  // Without a proxy that runs already, init containers of the workload need their connections as they are.
  const initContainers = settings.native
    ? [...captured, proxy, ...own('initContainers')]
    : [...own('initContainers'), ...captured];
  const containers = [
    ...(!settings.native && settings.holdApplication ? [proxy] : []),
    ...own('containers'),
    ...(!settings.native && !settings.holdApplication ? [proxy] : []),
  ];
  const others = named(spec['volumes']).filter(([name]) => !sidecarVolumes(mesh).some((each) => each['name'] === name));
  return {
    ...pod,
    metadata: injectedMetadata(request, template, { initContainers, containers, volumes: sidecarVolumes(mesh) }),
    spec: {
      ...spec,
      ...(initContainers.length > 0 && { initContainers }),
      containers,
      volumes: [...others.map(([, volume]) => volume), ...volumesAsTheyAre(spec, mesh)],
    },
  };
}

const objectOf = (value: JsonValue | undefined): JsonObject => (isObject(value) ? value : {});

/** What is there from before, if it is still what it should be. */
function keep(wanted: JsonObject, earlier: ReadonlyMap<string, JsonObject>, spot: Spot): JsonObject {
  const there = earlier.get(String(wanted['name']));
  if (there === undefined) return wanted;
  if (covers(there, wanted)) return there;
  const onlyProbes = wanted['name'] === sidecarContainer && covers(there, withoutProbes(wanted, there));
  if (!onlyProbes) report(inside(spot, 'spec'), 'SLC0803', `the container ${String(wanted['name'])} was another one`);
  return wanted;
}

/** The sidecar but for the probes that it answers for: containers that came later may have some. */
function withoutProbes(wanted: JsonObject, there: JsonObject): JsonObject {
  return { ...wanted, env: there['env'] ?? [] };
}

function workloadContainers(list: JsonValue | undefined, probes: readonly AppProbe[]): readonly JsonObject[] {
  return named(list).flatMap(([name, each]) => (isOurs(name) ? [] : [rewriteProbes(each, name, probes)]));
}

/** Those that are there already stay as an API server has completed them. */
function volumesAsTheyAre(spec: JsonObject, mesh: MeshSettings): readonly JsonObject[] {
  const there = new Map(named(spec['volumes']));
  return sidecarVolumes(mesh).map((wanted) => {
    const found = there.get(String(wanted['name']));
    return found !== undefined && covers(found, wanted) ? found : wanted;
  });
}

/** A volume of the workload's with one of our names is refused: replacing it would break the workload. */
function volumesTaken({ volumes }: PodTemplate, { pod, mesh }: InjectionRequest, spot: Spot): void {
  const there = new Map(named(objectOf(pod['spec'])['volumes']));
  const wanted = new Map(sidecarVolumes(mesh).map((each) => [String(each['name']), each] as const));
  for (const [index, { name }] of volumes.entries()) {
    const mine = wanted.get(name);
    if (mine !== undefined && !covers(there.get(name), mine)) {
      report(
        inside(spot, 'spec', 'volumes', index, 'name'),
        'SLC0801',
        `"${name}" is the name of a volume of the sidecar`,
      );
    }
  }
}

/** A workload that says that it listens where the agent does would never start. */
function portsTaken({ initContainers, containers }: PodTemplate, spot: Spot): void {
  for (const [field, list] of Object.entries({ initContainers, containers })) {
    for (const [index, { name, ports }] of list.entries()) {
      const taken = isOurs(name) ? undefined : ports.find((port) => ownPorts.includes(port));
      if (taken === undefined) continue;
      report(inside(spot, 'spec', field, index, 'ports'), 'SLC0801', `the sidecar listens on port ${taken} itself`);
    }
  }
}
