// EndpointSlice (discovery.k8s.io/v1): where a service's pods are, and whether they take traffic.
import { deepEqual } from 'fast-equals';
import { isObject } from '../lib/json.ts';
import { serviceHost } from '../model/names.ts';
import { type Origin, originOf } from '../model/origin.ts';
import {
  boolean,
  type Decoder,
  ignoring,
  inside,
  integer,
  list,
  nonEmptyString,
  object,
  oneOf,
  portRange,
  report,
  type Spot,
  string,
} from './values/decode.ts';
import { ipAddress } from './values/ip.ts';
import { kind } from './values/kind.ts';

export interface SliceEndpoint {
  readonly address: string;
  readonly ready: boolean;
  readonly terminating: boolean;
  readonly node: string | null;
  readonly zone: string | null;
  /** The Pod behind it: `name.namespace`. */
  readonly pod: string | null;
  readonly podName: string | null;
  /** Where it stands in the slice's list. */
  readonly index: number;
}

export interface SlicePort {
  /** Equal to the name of the service port; empty where that has none. */
  readonly name: string;
  readonly number: number;
}

export interface EndpointSlice {
  readonly namespace: string;
  readonly name: string;
  /** Null where the slice does not say which Service it belongs to. */
  readonly service: string | null;
  /** That Service's host. */
  readonly host: string | null;
  readonly endpoints: readonly SliceEndpoint[];
  readonly ports: readonly SlicePort[];
  readonly origin: Origin;
}

const endpointFields = object(
  {
    addresses: list(ipAddress),
    conditions: object({ ready: boolean, serving: boolean, terminating: boolean }),
    nodeName: nonEmptyString,
    zone: nonEmptyString,
    targetRef: object(
      { kind: string, name: string, namespace: string },
      { ignored: ignoring('apiVersion', 'fieldPath', 'resourceVersion', 'uid') },
    ),
  },
  { required: ['addresses'], ignored: ignoring('hostname', 'hints', 'deprecatedTopology') },
);

const endpoint: Decoder<SliceEndpoint> = (value, spot) => {
  const decoded = endpointFields(value, spot);
  const [address] = decoded?.addresses ?? [];
  if (isObject(value) && deepEqual(value['addresses'], [])) report(spot, 'SLC0104', 'an endpoint needs an address');
  // Kubernetes: only the first address counts, all are fungible; a condition that is unset means ready.
  if (decoded === undefined || address === undefined) return undefined;
  const { conditions, targetRef } = decoded;
  const isPod = targetRef?.kind === 'Pod' && targetRef.name !== undefined;
  return {
    address,
    ready: conditions?.ready ?? true,
    terminating: conditions?.terminating ?? false,
    node: decoded.nodeName ?? null,
    zone: decoded.zone ?? null,
    podName: (isPod && targetRef.name) || null,
    pod: isPod ? `${targetRef.name}.${targetRef.namespace ?? ''}` : null,
    index: Number(spot.origin.path.at(-1)),
  };
};

const portFields = object({
  name: string,
  port: integer(portRange),
  protocol: oneOf({ TCP: true, UDP: false, SCTP: false }),
  appProtocol: string,
});

const port: Decoder<SlicePort> = (value, spot) => {
  const decoded = portFields(value, spot);
  if (decoded === undefined || decoded.protocol === false) return undefined;
  if (decoded.port === undefined) return report(spot, 'SLC0104', 'the field "port" is required for a service');
  return { name: decoded.name ?? '', number: decoded.port };
};

const addressType: Decoder<'IPv4' | 'IPv6'> = (value, spot) =>
  value === 'FQDN'
    ? report(spot, 'SLC0108', 'addressType FQDN: not supported yet, so its endpoints are left out')
    : oneOf({ IPv4: 'IPv4', IPv6: 'IPv6' } as const)(value, spot);

function ofFamily(family: 'IPv4' | 'IPv6', endpoints: readonly SliceEndpoint[], spot: Spot): readonly SliceEndpoint[] {
  const fitting = endpoints.filter(({ address, index }) => {
    if (address.includes(':') === (family === 'IPv6')) return true;
    const place = inside(spot, 'endpoints', index, 'addresses', 0);
    report(place, 'SLC0302', `${address} is not of the slice's addressType ${family}`);
    return false;
  });
  return fitting.length === endpoints.length ? endpoints : fitting;
}

export const endpointSliceKind = kind(
  {
    group: 'discovery.k8s.io',
    kind: 'EndpointSlice',
    versions: ['v1', 'v1beta1'],
    required: ['addressType'],
    body: { addressType, endpoints: list(endpoint), ports: list(port) },
  },
  ({ id, name, namespace, labels }, { addressType: family, endpoints = [], ports = [] }, spot) => {
    const service = labels.get('kubernetes.io/service-name') ?? null;
    const host = service && serviceHost(service, namespace);
    return (
      family && {
        namespace,
        name,
        service,
        host,
        endpoints: ofFamily(family, endpoints, spot),
        ports,
        origin: originOf(id),
      }
    );
  },
);
