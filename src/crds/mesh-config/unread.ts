// Fields of MeshConfig (istio.mesh.v1alpha1) that decide nothing here: each is named to whoever sets it.
import { type Decoder, report } from '../values/decode.ts';

const because =
  (why: string): Decoder<never> =>
  (_, spot) =>
    report(spot, 'SLC0111', why);

function all(names: readonly string[], why: string): Readonly<Record<string, Decoder<never>>> {
  return Object.fromEntries(names.map((name) => [name, because(why)]));
}

/** By name; what is said of each. */
export const unread: Readonly<Record<string, Decoder<never>>> = {
  ...all(
    ['ingressClass', 'ingressService', 'ingressSelector', 'ingressControllerMode'],
    'Ingress is served as its IngressClass says, whatever MeshConfig says',
  ),
  ...all(
    ['proxyListenPort', 'proxyInboundListenPort', 'proxyHttpPort'],
    'not read: captured connections arrive at the ports 15001 and 15006',
  ),
  ...all(
    [
      'enableTracing',
      'enableEnvoyAccessLogService',
      'extensionProviders',
      'defaultProviders',
      'disableEnvoyListenerLog',
    ],
    'not read: there are no providers of tracing, logging or authorization',
  ),
  ...all(
    ['caCertificates', 'ca', 'certificates'],
    'not read: the CA is that of the control plane, which serve --ca-dir names',
  ),
  ...all(
    ['tlsDefaults', 'enablePrometheusMerge', 'thriftConfig', 'serviceSettings', 'serviceScopeConfigs'],
    'not read by this version',
  ),
  ...all(
    ['configSources', 'discoverySelectors', 'localityLbSettings', 'inboundTrafficPolicy'],
    'not read by this version',
  ),
};

/** `defaultConfig`: what a proxy is started with; the launcher has it from elsewhere. */
export const proxyConfig: Decoder<never> = (value, spot) => {
  const names = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  for (const name of names.slice(0, 100)) {
    const place = { origin: { ...spot.origin, path: [...spot.origin.path, name] }, diagnostics: spot.diagnostics };
    report(place, 'SLC0111', 'not read: what a proxy is started with is not taken from MeshConfig');
  }
  return undefined;
};
