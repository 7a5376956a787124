// ServiceEntry (networking.istio.io): services that Kubernetes does not know, by the names of their hosts.
import type { ServiceEndpoints } from '../../model/endpoint.ts';
import { originOf } from '../../model/origin.ts';
import type { Resolution } from '../../model/service.ts';
import { noNames, noSubnets, type Service } from '../service.ts';
import { ignored, inside, type Spot } from '../values/decode.ts';
import { exportedTo } from '../values/host.ts';
import { kind } from '../values/kind.ts';
import { type Member, memberOf } from '../values/member.ts';
import type { Metadata } from '../values/metadata.ts';
import {
  checkAnnotations,
  checkedAddresses,
  checkedHosts,
  checkedMembers,
  checkedPorts,
  looksUpHosts,
} from './checks.ts';
import { type EntryHost, type EntryResolution, type EntrySpec, entrySpec } from './spec.ts';

export interface ServiceEntry {
  /** One for each host. */
  readonly services: readonly Service[];
}

const noEndpoints: ServiceEndpoints = new Map();

const modelResolutions: { readonly [R in EntryResolution]: Resolution } = {
  NONE: { kind: 'original' },
  STATIC: { kind: 'eds' },
  DNS: { kind: 'dns', endpoints: noEndpoints },
  DNS_ROUND_ROBIN: { kind: 'dns-round-robin', endpoints: noEndpoints },
  DYNAMIC_DNS: { kind: 'dynamic-dns' },
};

/** Where nothing else is said, the host is what is looked up. */
function membersOf(entry: EntrySpec, members: readonly Member[], { name, spot }: EntryHost): readonly Member[] {
  return looksUpHosts(entry) ? [memberOf({ kind: 'name', name }, {}, spot.origin)] : members;
}

function build(metadata: Metadata, entry: EntrySpec, spot: Spot): ServiceEntry {
  checkAnnotations(metadata, spot);
  const here = inside(spot, 'spec');
  const { members, selector } = checkedMembers(entry, here);
  const ranges = checkedAddresses(entry, here);
  const shared = {
    namespace: metadata.namespace,
    ports: checkedPorts(entry, ranges, here),
    addresses: ranges.addresses,
    subnets: ranges.subnets.length === 0 ? noSubnets : ranges.subnets,
    resolution: modelResolutions[entry.resolution],
    external: entry.external,
    names: entry.names ?? noNames,
    exportTo: exportedTo(entry.exportTo, metadata.namespace),
    nodeLocal: false,
    nearness: null,
    created: metadata.created,
    publishNotReady: false,
    selector,
    origin: originOf(metadata.id),
  };
  const services = checkedHosts(entry).map((each): Service => {
    return { ...shared, host: each.name, name: each.name, members: membersOf(entry, members, each) };
  });
  return { services };
}

export const serviceEntryKind = kind(
  {
    group: 'networking.istio.io',
    kind: 'ServiceEntry',
    versions: ['v1', 'v1beta1', 'v1alpha3'],
    required: ['spec'],
    body: { spec: entrySpec, status: ignored },
  },
  (metadata, { spec }, spot) => spec && build(metadata, spec, spot),
);
