// The labels and annotations that a pod with a sidecar has: what dashboards and other proxies know it by.
import type { PodTemplate } from '../../crds/pod-template.ts';
import { isObject, type JsonObject } from '../../lib/json.ts';
import { tlsModeIstio, tlsModeLabel } from '../../model/client-tls.ts';
import { statusAnnotation } from './earlier.ts';
import { isOurs } from './own-names.ts';
import type { InjectionRequest } from './request.ts';

/** What was injected, and what goes on beside it. */
interface Injected {
  readonly initContainers: readonly JsonObject[];
  readonly containers: readonly JsonObject[];
  readonly volumes: readonly JsonObject[];
}

const names = (objects: readonly JsonObject[]): readonly string[] => objects.map((each) => String(each['name']));

/** The pod's metadata: what it says itself stays, but for what only we can say. */
export function injectedMetadata(request: InjectionRequest, template: PodTemplate, injected: Injected): JsonObject {
  const { metadata } = request.pod;
  const written = isObject(metadata) ? metadata : {};
  return {
    ...written,
    labels: { ...labelsOf(request, template), ...objectOf(written['labels']), ...only(request) },
    annotations: {
      ...shownFirst(injected),
      ...objectOf(written['annotations']),
      [statusAnnotation]: statusOf(injected, request.mesh.revision),
    },
  };
}

const objectOf = (value: JsonObject[string] | undefined): JsonObject => (isObject(value) ? value : {});

/** Other proxies call it over mutual TLS; so nobody says it of a pod without certificates. */
const only = ({ mesh }: InjectionRequest): JsonObject =>
  mesh.security === 'mutual-tls' ? { [tlsModeLabel]: tlsModeIstio } : {};

/** By which Istio's metrics name a workload. */
function labelsOf({ workload }: InjectionRequest, { labels }: PodTemplate): JsonObject {
  const name = labels.get('app.kubernetes.io/name') ?? labels.get('app') ?? labelValue(workload);
  const revision = labels.get('app.kubernetes.io/version') ?? labels.get('version') ?? 'latest';
  return {
    ...(name !== '' && { 'service.istio.io/canonical-name': name }),
    'service.istio.io/canonical-revision': revision,
  };
}

/** So much of a name as a label may hold, ending with a letter or a digit. */
const labelValue = (name: string): string => name.slice(0, 63).replace(/[^A-Za-z0-9]+$/, '');

/** Which container `kubectl logs` and `kubectl exec` mean. */
function shownFirst({ containers }: Injected): JsonObject {
  const [first] = names(containers).filter((name) => !isOurs(name));
  if (first === undefined) return {};
  return { 'kubectl.kubernetes.io/default-logs-container': first, 'kubectl.kubernetes.io/default-container': first };
}

function statusOf({ initContainers, containers, volumes }: Injected, revision: string): string {
  return JSON.stringify({
    initContainers: names(initContainers).filter(isOurs),
    containers: names(containers).filter(isOurs),
    volumes: names(volumes),
    revision,
  });
}
