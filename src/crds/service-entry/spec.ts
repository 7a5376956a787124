// The fields of a ServiceEntry as they are written.
import { isObject, type JsonObject } from '../../lib/json.ts';
import { at } from '../../model/origin.ts';
import type { Subnet } from '../../model/service.ts';
import { writtenSelector } from '../service.ts';
import { type Decoder, list, nonEmptyString, object, oneOf, report, type Spot } from '../values/decode.ts';
import { exportTo, hostPattern } from '../values/host.ts';
import { subnet } from '../values/ip.ts';
import { type Member, memberFields, memberOf } from '../values/member.ts';
import { ports } from './port.ts';

/** Which of the five ways there are to find endpoints. */
export type EntryResolution = 'NONE' | 'STATIC' | 'DNS' | 'DNS_ROUND_ROBIN' | 'DYNAMIC_DNS';

const resolutions: { readonly [R in EntryResolution]: R } = {
  NONE: 'NONE',
  STATIC: 'STATIC',
  DNS: 'DNS',
  DNS_ROUND_ROBIN: 'DNS_ROUND_ROBIN',
  DYNAMIC_DNS: 'DYNAMIC_DNS',
};

/** Its place is kept, for whether it can be depends on the other fields. */
export interface EntryHost {
  readonly name: string;
  readonly spot: Spot;
}

export interface EntryAddress {
  readonly range: Subnet;
  readonly spot: Spot;
}

const host: Decoder<EntryHost> = (value, spot) => {
  if (value === '*') return report(spot, 'SLC0105', '"*" would be every host; name at least a domain: *.example.com');
  const name = hostPattern(value, spot);
  return name === undefined ? undefined : { name: name.toLowerCase(), spot };
};

const address: Decoder<EntryAddress> = (value, spot) => {
  const range = subnet(value, spot);
  return range && { range, spot };
};

const endpointFields = object(memberFields);

const endpoint: Decoder<Member> = (value, spot) => {
  const decoded = endpointFields(value, spot);
  if (decoded === undefined) return undefined;
  if (decoded.address !== undefined) return memberOf(decoded.address, decoded, at(spot.origin, 'address'));
  return 'address' in decoded ? undefined : report(spot, 'SLC0104', 'the field "address" is required');
};

interface Endpoints {
  /** How many are written, good or bad. */
  readonly written: number;
  readonly members: readonly Member[];
}

const endpoints: Decoder<Endpoints> = (value, spot) => {
  const members = list(endpoint)(value, spot);
  return members && { written: Array.isArray(value) ? value.length : 0, members };
};

const labels: Decoder<JsonObject> = (value, spot) => {
  if (isObject(value) && Object.keys(value).length === 0) return report(spot, 'SLC0104', 'a label is required');
  return writtenSelector(value, spot);
};

const fields = object(
  {
    hosts: list(host),
    addresses: list(address),
    ports,
    location: oneOf({ MESH_EXTERNAL: true, MESH_INTERNAL: false }),
    resolution: oneOf(resolutions),
    endpoints,
    workloadSelector: object({ labels }, { required: ['labels'] }),
    exportTo,
    subjectAltNames: list(nonEmptyString),
  },
  { required: ['hosts'] },
);

type Fields = NonNullable<ReturnType<typeof fields>>;

/** What was written, with what Istio has where nothing is said. */
export interface EntrySpec {
  readonly hosts: readonly EntryHost[];
  readonly addresses: readonly EntryAddress[];
  readonly ports: NonNullable<Fields['ports']>;
  readonly external: boolean;
  readonly resolution: EntryResolution;
  readonly members: readonly Member[];
  /** Whether anything is said of endpoints, good or bad: else the host itself is looked up. */
  readonly saysMembers: boolean;
  readonly selector: JsonObject | null;
  readonly exportTo: Fields['exportTo'];
  readonly names: readonly string[] | undefined;
}

export const entrySpec: Decoder<EntrySpec> = (value, spot) => {
  const decoded = fields(value, spot);
  if (decoded === undefined) return undefined;
  const lists = 'endpoints' in decoded && (decoded.endpoints?.written ?? 1) > 0;
  return {
    hosts: decoded.hosts ?? [],
    addresses: decoded.addresses ?? [],
    ports: decoded.ports ?? [],
    external: decoded.location ?? true,
    resolution: decoded.resolution ?? 'NONE',
    members: decoded.endpoints?.members ?? [],
    saysMembers: lists || 'workloadSelector' in decoded,
    selector: decoded.workloadSelector?.labels ?? null,
    exportTo: decoded.exportTo,
    names: decoded.subjectAltNames,
  };
};
