// The annotation proxy.istio.io/config: ProxyConfig (istio.mesh.v1alpha1) for one pod.
import type { SidecarSettings } from '../../model/sidecar-settings.ts';
import { boolean, type Decoder, integer, later, object, oneOf, report } from '../values/decode.ts';
import { duration } from '../values/duration.ts';
import { truth } from '../values/quoted.ts';

const laterFields = [
  'tracing',
  'sds',
  'proxyHeaders',
  'gatewayTopology',
  'proxyStatsMatcher',
  'image',
  'readinessProbe',
];
const others = [
  ...['configPath', 'binaryPath', 'serviceCluster', 'parentShutdownDuration', 'zipkinAddress', 'statsdUdpAddress'],
  ...['proxyAdminPort', 'availabilityZone', 'customConfigFile', 'statNameLength', 'proxyBootstrapTemplatePath'],
  ...['envoyAccessLogService', 'envoyMetricsService', 'extraStatTags', 'meshId', 'privateKeyProvider', 'statusPort'],
  ...['caCertificatesPem', 'fileFlushInterval', 'fileFlushMinSizeKb', 'tracingServiceName'],
];

const unchanging: Decoder<never> = (_, spot) =>
  report(spot, 'SLC0801', 'a pod may not choose its control plane: that is up to who runs the mesh');

/** What is known to Istio's agent by other names than these has no effect. */
const metadataNames = {
  EXIT_ON_ZERO_ACTIVE_CONNECTIONS: truth,
  MINIMUM_DRAIN_DURATION: duration({ min: 0 }),
};

const proxyMetadata: Decoder<Partial<SidecarSettings>> = (value, spot) => {
  const written = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  const unread = Object.fromEntries(written.map((name) => [name, later(name.slice(0, 100))]));
  const found = object(metadataNames, { ignored: unread })(value, spot);
  const { EXIT_ON_ZERO_ACTIVE_CONNECTIONS: exit, MINIMUM_DRAIN_DURATION: minimum } = found ?? {};
  return {
    ...(exit !== undefined && { exitOnZeroConnections: exit }),
    ...(minimum !== undefined && { minimumDrain: minimum }),
  };
};

const decode = object(
  {
    concurrency: integer({ min: 0, max: 1024 }),
    drainDuration: duration({ min: 1000 }),
    terminationDrainDuration: duration({ min: 0 }),
    holdApplicationUntilProxyStarts: boolean,
    interceptionMode: oneOf({ REDIRECT: 'REDIRECT', NONE: 'NONE' } as const),
    proxyMetadata,
  },
  {
    ignored: {
      discoveryAddress: unchanging,
      controlPlaneAuthPolicy: unchanging,
      ...Object.fromEntries([...laterFields, ...others].map((name) => [name, later(name)])),
    },
  },
);

/** What of it changes how a sidecar runs; only what is said is in the result. */
export const proxyConfig: Decoder<Partial<SidecarSettings>> = (value, spot) => {
  const found = decode(value, spot);
  if (found === undefined) return undefined;
  const { concurrency, drainDuration: drain, terminationDrainDuration: terminationDrain } = found;
  const { holdApplicationUntilProxyStarts: holdApplication, interceptionMode: interception } = found;
  return {
    ...(concurrency !== undefined && { concurrency }),
    ...(drain !== undefined && { drain }),
    ...(terminationDrain !== undefined && { terminationDrain }),
    ...(holdApplication !== undefined && { holdApplication }),
    ...(interception !== undefined && { interception }),
    ...found.proxyMetadata,
  };
};
