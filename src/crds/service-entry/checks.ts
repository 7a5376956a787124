// What of a ServiceEntry fits together: which endpoints, hosts and addresses its resolution lets it have.
import type { JsonObject } from '../../lib/json.ts';
import { isHttp, type ServicePort, type Subnet } from '../../model/service.ts';
import { inside, report, type Spot } from '../values/decode.ts';
import type { Member, MemberAddress } from '../values/member.ts';
import type { Metadata } from '../values/metadata.ts';
import { addressProblem } from '../values/virtual-ip.ts';
import type { EntryHost, EntryResolution, EntrySpec } from './spec.ts';

type Kinds = ReadonlySet<MemberAddress['kind']>;

interface Rules {
  /** What its endpoints may be; empty: it has none. */
  readonly members: Kinds;
  /** How many of them it may have. */
  readonly most: number;
  readonly wanted: string;
}

const names: Kinds = new Set(['ip', 'name']);
const rules: { readonly [R in EntryResolution]: Rules } = {
  NONE: { members: new Set(), most: 0, wanted: 'calls go to the address that the caller asked for' },
  STATIC: {
    members: new Set(['ip', 'socket']),
    most: Number.POSITIVE_INFINITY,
    wanted: 'needs an IP address or a Unix socket; resolution DNS looks names up',
  },
  DNS: { members: names, most: Number.POSITIVE_INFINITY, wanted: 'needs a name or an IP address' },
  DNS_ROUND_ROBIN: { members: names, most: 1, wanted: 'needs a name or an IP address' },
  DYNAMIC_DNS: { members: new Set(), most: 0, wanted: 'calls go to the host that they name' },
};

interface Members {
  readonly members: readonly Member[];
  readonly selector: JsonObject | null;
}

/** The endpoints that can be, and the selector where it counts. */
export function checkedMembers(entry: EntrySpec, spot: Spot): Members {
  const { resolution, members, selector } = entry;
  const lists = members.length > 0;
  const { members: kinds, most, wanted } = rules[resolution];
  if (kinds.size === 0) {
    const why = `resolution ${resolution} has no endpoints: ${wanted}`;
    if (lists) report(inside(spot, 'endpoints'), 'SLC0110', why);
    if (selector !== null) report(inside(spot, 'workloadSelector'), 'SLC0110', why);
    return { members: [], selector: null };
  }
  if (selector !== null) {
    if (lists) report(inside(spot, 'endpoints'), 'SLC0107', 'workloadSelector is set too; it is used');
    return { members: [], selector };
  }
  const fitting = members.filter(({ address, origin }) => {
    if (kinds.has(address.kind)) return true;
    const place = { origin, diagnostics: spot.diagnostics };
    report(place, 'SLC0302', `resolution ${resolution} ${wanted}`);
    return false;
  });
  for (const { origin } of fitting.slice(most)) {
    const place = { origin, diagnostics: spot.diagnostics };
    report(place, 'SLC0107', `resolution ${resolution} has one endpoint; the first one is used`);
  }
  return { members: fitting.slice(0, most), selector: null };
}

/** Whether the hosts themselves are looked up. */
export function looksUpHosts({ resolution, saysMembers }: EntrySpec): boolean {
  return (resolution === 'DNS' || resolution === 'DNS_ROUND_ROBIN') && !saysMembers;
}

/** Why a host cannot be; null: it can. */
function hostProblem(name: string, entry: EntrySpec): string | null {
  const wild = name.startsWith('*');
  const { resolution } = entry;
  if (wild && looksUpHosts(entry))
    return `${name} cannot be looked up; resolution ${resolution} needs endpoints for a pattern`;
  return !wild && resolution === 'DYNAMIC_DNS'
    ? `resolution DYNAMIC_DNS is for patterns such as *.${name}; DNS looks ${name} up`
    : null;
}

/** The hosts that can be, each once. */
export function checkedHosts(entry: EntrySpec): readonly EntryHost[] {
  const known = new Set<string>();
  return entry.hosts.filter(({ name, spot }) => {
    const problem = hostProblem(name, entry);
    if (problem !== null) report(spot, 'SLC0105', problem);
    else if (known.has(name)) report(spot, 'SLC0223', `${name} stands twice`);
    else return known.add(name);
    return false;
  });
}

interface Ranges {
  readonly addresses: readonly string[];
  readonly subnets: readonly Subnet[];
}

const isWhole = ({ address, length }: Subnet): boolean => length === (address.includes(':') ? 128 : 32);

/** Addresses one by one, and ranges of them where the resolution can have those. */
export function checkedAddresses({ addresses, resolution }: EntrySpec, spot: Spot): Ranges {
  if (resolution === 'DYNAMIC_DNS' && addresses.length > 0) {
    report(inside(spot, 'addresses'), 'SLC0110', 'resolution DYNAMIC_DNS goes by names alone');
    return { addresses: [], subnets: [] };
  }
  const usable = addresses.filter(({ range, spot: here }) => {
    const problem = addressProblem(range.address);
    if (isWhole(range) && problem !== null) {
      return report(here, 'SLC0302', `${range.address} cannot be the address of a service (${problem})`) ?? false;
    }
    if (isWhole(range) || resolution === 'NONE' || resolution === 'STATIC') return true;
    const message = `resolution ${resolution} cannot have a range of addresses; NONE and STATIC can`;
    return report(here, 'SLC0105', message) ?? false;
  });
  const ranges = usable.map(({ range }) => range);
  return {
    addresses: [...new Set(ranges.filter(isWhole).map(({ address }) => address))],
    subnets: ranges.filter((each) => !isWhole(each)),
  };
}

const needsAddress = ({ protocol }: ServicePort): boolean => protocol === 'tcp' || protocol === 'auto';

/** The ports that can be. */
export function checkedPorts(
  { ports, resolution }: EntrySpec,
  { addresses, subnets }: Ranges,
  spot: Spot,
): readonly ServicePort[] {
  const place = ({ origin }: ServicePort): Spot => ({ origin, diagnostics: spot.diagnostics });
  if (resolution === 'DYNAMIC_DNS') {
    const named = ({ protocol }: ServicePort): boolean => isHttp(protocol) || protocol === 'tls';
    for (const port of ports.filter((each) => !named(each))) {
      const message = `port ${port.number}: resolution DYNAMIC_DNS needs HTTP or TLS, which name a host; it is left out`;
      report(place(port), 'SLC0105', message);
    }
    return ports.filter(named);
  }
  if (addresses.length + subnets.length > 0) return ports;
  for (const port of ports.filter(needsAddress)) {
    const message = `port ${port.number}: without addresses it is for every connection to this port that nobody else takes`;
    report(place(port), 'SLC0207', message);
  }
  return ports;
}

const strategyAnnotation = 'networking.istio.io/dns-connect-strategy';

/** What annotations ask for that nothing does. */
export function checkAnnotations({ annotations }: Metadata, spot: Spot): void {
  if (!annotations.has(strategyAnnotation)) return;
  const place = inside(spot, 'metadata', 'annotations', strategyAnnotation);
  report(place, 'SLC0108', `${strategyAnnotation}: not supported yet, so it has no effect`);
}
