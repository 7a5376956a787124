// The annotations by which a pod changes its sidecar. What is not in these lists changes nothing.
import type { EnvoyLogLevel, SidecarSettings } from '../../model/sidecar-settings.ts';
import { type Decoder, ignored, inside, later, object, oneOf, report, type Spot } from '../values/decode.ts';
import {
  chosenPorts,
  chosenRanges,
  interfaceList,
  portList,
  quantity,
  rangeList,
  truth,
  wholeNumber,
  yamlText,
} from '../values/quoted.ts';
import { proxyConfig } from './proxy-config.ts';

const level = oneOf<EnvoyLogLevel>({
  ...{ trace: 'trace', debug: 'debug', info: 'info', warning: 'warning', warn: 'warning' },
  ...{ error: 'error', critical: 'critical', off: 'off' },
});

/** TPROXY would need a sidecar with more rights than ours has. */
const interception = oneOf({ REDIRECT: 'REDIRECT', NONE: 'NONE' } as const);

const forbidden =
  (what: string): Decoder<never> =>
  (_, spot) =>
    report(spot, 'SLC0801', `a pod may not choose ${what}: that is up to who runs the mesh`);

const seconds = (min: number): Decoder<number> => wholeNumber({ min, max: 3600 });

const settings = {
  'sidecar.istio.io/interceptionMode': interception,
  'sidecar.istio.io/proxyCPU': quantity,
  'sidecar.istio.io/proxyCPULimit': quantity,
  'sidecar.istio.io/proxyMemory': quantity,
  'sidecar.istio.io/proxyMemoryLimit': quantity,
  'sidecar.istio.io/logLevel': level,
  'sidecar.istio.io/nativeSidecar': truth,
  'sidecar.istio.io/rewriteAppHTTPProbers': truth,
  'traffic.sidecar.istio.io/includeOutboundIPRanges': chosenRanges,
  'traffic.sidecar.istio.io/excludeOutboundIPRanges': rangeList,
  'traffic.sidecar.istio.io/includeOutboundPorts': portList,
  'traffic.sidecar.istio.io/excludeOutboundPorts': portList,
  'traffic.sidecar.istio.io/includeInboundPorts': chosenPorts,
  'traffic.sidecar.istio.io/excludeInboundPorts': portList,
  'traffic.sidecar.istio.io/excludeInterfaces': interfaceList,
  'readiness.status.sidecar.istio.io/initialDelaySeconds': seconds(0),
  'readiness.status.sidecar.istio.io/periodSeconds': seconds(1),
  'readiness.status.sidecar.istio.io/failureThreshold': seconds(1),
  'proxy.istio.io/config': ((value, spot) => {
    const read = yamlText(value, spot);
    return read && proxyConfig(read, spot);
  }) satisfies Decoder<unknown>,
};

const notOurs = {
  // Read where it is decided whether there is to be a sidecar.
  'sidecar.istio.io/inject': ignored,
  // Ours: what was injected.
  'sidecar.istio.io/status': ignored,
  'sidecar.istio.io/proxyImage': forbidden('the image of its sidecar'),
  'sidecar.istio.io/proxyImageType': forbidden('the image of its sidecar'),
  'sidecar.istio.io/bootstrapOverride': forbidden('the bootstrap of its sidecar'),
  'sidecar.istio.io/userVolume': forbidden('volumes of its sidecar'),
  'sidecar.istio.io/userVolumeMount': forbidden('volumes of its sidecar'),
  'sidecar.istio.io/discoveryAddress': forbidden('its control plane'),
  'sidecar.istio.io/controlPlaneAuthPolicy': forbidden('how its control plane is authenticated'),
  'sidecar.istio.io/enableCoreDump': forbidden('rights of its sidecar'),
  'sidecar.istio.io/capNetBindService': forbidden('rights of its sidecar'),
  ...Object.fromEntries(
    [
      ...[
        'componentLogLevel',
        'agentLogLevel',
        'statsInclusionPrefixes',
        'statsInclusionSuffixes',
        'statsHistogramBuckets',
      ],
      ...['statsInclusionRegexps', 'extraStatTags', 'statsCompression'],
    ].map((name) => [`sidecar.istio.io/${name}`, later(name)]),
  ),
  'traffic.sidecar.istio.io/kubevirtInterfaces': later('kubevirtInterfaces'),
  'readiness.status.sidecar.istio.io/applicationPorts': later('applicationPorts'),
  'status.sidecar.istio.io/port': later('another port for the state of the sidecar'),
  'inject.istio.io/templates': later('templates'),
};

const decode = object(settings, { ignored: notOurs });
const prefixes = [
  ...new Set(Object.keys({ ...settings, ...notOurs }).map((name) => name.slice(0, name.indexOf('/') + 1))),
];

/** The settings of a pod with these annotations. What is of no use is reported as an error, and then holds for nothing. */
export function sidecarSettings(
  annotations: ReadonlyMap<string, string>,
  usual: SidecarSettings,
  metadata: Spot,
): SidecarSettings {
  const written = [...annotations].filter(([name]) => prefixes.some((prefix) => name.startsWith(prefix)));
  if (written.length === 0) return usual;
  const found = decode(Object.fromEntries(written), inside(metadata, 'annotations'));
  if (found === undefined) return usual;
  const proxy = found['proxy.istio.io/config'];
  return {
    ...usual,
    ...proxy,
    interception: found['sidecar.istio.io/interceptionMode'] ?? proxy?.interception ?? usual.interception,
    capture: captureOf(found, usual),
    resources: resourcesOf(found, usual),
    readiness: readinessOf(found, usual),
    logLevel: found['sidecar.istio.io/logLevel'] ?? usual.logLevel,
    native: found['sidecar.istio.io/nativeSidecar'] ?? usual.native,
    rewriteProbes: found['sidecar.istio.io/rewriteAppHTTPProbers'] ?? usual.rewriteProbes,
  };
}

type Found = NonNullable<ReturnType<typeof decode>>;

function captureOf(found: Found, { capture }: SidecarSettings): SidecarSettings['capture'] {
  const of = <K extends string>(name: K): `traffic.sidecar.istio.io/${K}` => `traffic.sidecar.istio.io/${name}`;
  return {
    includeOutboundRanges: found[of('includeOutboundIPRanges')] ?? capture.includeOutboundRanges,
    excludeOutboundRanges: found[of('excludeOutboundIPRanges')] ?? capture.excludeOutboundRanges,
    includeOutboundPorts: found[of('includeOutboundPorts')] ?? capture.includeOutboundPorts,
    excludeOutboundPorts: found[of('excludeOutboundPorts')] ?? capture.excludeOutboundPorts,
    includeInboundPorts: found[of('includeInboundPorts')] ?? capture.includeInboundPorts,
    excludeInboundPorts: found[of('excludeInboundPorts')] ?? capture.excludeInboundPorts,
    excludeInterfaces: found[of('excludeInterfaces')] ?? capture.excludeInterfaces,
  };
}

/** A pod that says one of them says all, as with Istio: a limit of the mesh may be below what the pod asks for. */
function resourcesOf(found: Found, { resources }: SidecarSettings): SidecarSettings['resources'] {
  const said = {
    cpu: found['sidecar.istio.io/proxyCPU'] ?? null,
    memory: found['sidecar.istio.io/proxyMemory'] ?? null,
    cpuLimit: found['sidecar.istio.io/proxyCPULimit'] ?? null,
    memoryLimit: found['sidecar.istio.io/proxyMemoryLimit'] ?? null,
  };
  return Object.values(said).every((each) => each === null) ? resources : said;
}

function readinessOf(found: Found, { readiness }: SidecarSettings): SidecarSettings['readiness'] {
  const of = <K extends string>(name: K): `readiness.status.sidecar.istio.io/${K}` =>
    `readiness.status.sidecar.istio.io/${name}`;
  return {
    initialDelaySeconds: found[of('initialDelaySeconds')] ?? readiness.initialDelaySeconds,
    periodSeconds: found[of('periodSeconds')] ?? readiness.periodSeconds,
    failureThreshold: found[of('failureThreshold')] ?? readiness.failureThreshold,
  };
}
