// One address behind a service, as ServiceEntries and WorkloadEntries (networking.istio.io) write it.
import { isObject } from '../../lib/json.ts';
import { tlsModeIstio, tlsModeLabel } from '../../model/client-tls.ts';
import { type Labels, type Locality, noLabels, nowhere } from '../../model/endpoint.ts';
import type { Origin } from '../../model/origin.ts';
import { type Decoder, inside, integer, later, nonEmptyString, portRange, report, selector, string } from './decode.ts';
import { hostName } from './host.ts';
import { canonicalIp } from './ip.ts';

export type MemberAddress =
  | { readonly kind: 'ip'; readonly ip: string }
  /** Looked up in DNS. */
  | { readonly kind: 'name'; readonly name: string }
  /** A Unix socket on the proxy's machine. */
  | { readonly kind: 'socket'; readonly path: string };

export interface Member {
  readonly address: MemberAddress;
  /** By the names of the service's ports, where they differ from what the service says. */
  readonly ports: ReadonlyMap<string, number>;
  readonly healthy: boolean;
  readonly labels: Labels;
  readonly locality: Locality;
  readonly node: string | null;
  /** What it is called wherever it runs; null: nothing. */
  readonly instance: string | null;
  readonly serviceAccount: string | null;
  readonly weight: number;
  /** Where the address is written. */
  readonly origin: Origin;
}

const unixScheme = 'unix://';
/** What the system takes as the path of a socket. */
const longestPath = 107;
const digits = new Set('0123456789');

const address: Decoder<MemberAddress> = (value, spot) => {
  const text = nonEmptyString(value, spot);
  if (text === undefined) return undefined;
  if (text.startsWith(unixScheme)) {
    const path = text.slice(unixScheme.length);
    if (path.startsWith('/') && path.length <= longestPath) return { kind: 'socket', path };
    return report(spot, 'SLC0105', `the path of a Unix socket is absolute and has at most ${longestPath} characters`);
  }
  const ip = canonicalIp(text);
  if (ip !== undefined) return { kind: 'ip', ip };
  const last = text.split('.').at(-1) ?? '';
  const numeric = last !== '' && [...last].every((character) => digits.has(character));
  if (numeric) return report(spot, 'SLC0302', `"${text.slice(0, 80)}" is neither an IP address nor a name`);
  const name = hostName(text, spot);
  return name === undefined ? undefined : { kind: 'name', name: name.toLowerCase() };
};

const ports: Decoder<ReadonlyMap<string, number>> = (value, spot) => {
  if (!isObject(value)) return report(spot, 'SLC0102', 'expected an object: names of ports and their numbers');
  const decoded = new Map<string, number>();
  for (const name of Object.keys(value).sort()) {
    const number = integer(portRange)(value[name] ?? null, inside(spot, name));
    if (number !== undefined) decoded.set(name, number);
  }
  return decoded;
};

/** `region/zone/subzone`; what comes last may be left out. */
const locality: Decoder<Locality> = (value, spot) => {
  const text = string(value, spot);
  if (text === undefined) return undefined;
  const [region = '', zone = '', subZone = '', ...more] = text.split('/');
  if (more.length > 0) return report(spot, 'SLC0105', 'a locality has at most three parts: region/zone/subzone');
  return { region, zone, subZone };
};

/** Envoy takes weights whose sum has 32 bits, so that one of them must not use them all. */
const weight: Decoder<number> = integer({ min: 0, max: 1_000_000 });

/** The fields of an endpoint; `object` takes them. */
export const memberFields = {
  address,
  ports,
  labels: selector,
  locality,
  weight,
  network: later('network'),
  serviceAccount: nonEmptyString,
};

interface MemberFields {
  readonly address?: MemberAddress | undefined;
  readonly ports?: ReadonlyMap<string, number> | undefined;
  readonly labels?: Labels | undefined;
  readonly locality?: Locality | undefined;
  readonly weight?: number | undefined;
  readonly serviceAccount?: string | undefined;
}

const noPorts: ReadonlyMap<string, number> = new Map();

/** Who has a service account has the certificates of the mesh, unless a label says otherwise. */
function labelsOf({ labels = noLabels, serviceAccount }: MemberFields): Labels {
  if (serviceAccount === undefined || labels.has(tlsModeLabel)) return labels;
  return new Map([...labels, [tlsModeLabel, tlsModeIstio]]);
}

/** What the fields come to; `address` must be there. */
export function memberOf(address: MemberAddress, fields: MemberFields, origin: Origin): Member {
  return {
    address,
    ports: fields.ports ?? noPorts,
    healthy: true,
    labels: labelsOf(fields),
    locality: fields.locality ?? nowhere,
    node: null,
    instance: null,
    serviceAccount: fields.serviceAccount ?? null,
    // As Istio has it: none is one.
    weight: fields.weight || 1,
    origin,
  };
}
