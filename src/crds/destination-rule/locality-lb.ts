// LocalityLoadBalancerSetting and ZoneAwareLoadBalancerSetting of a DestinationRule (networking.istio.io): where requests
// go first.
import { isObject } from '../../lib/json.ts';
import {
  type Area,
  type Distribution,
  type LocalitySetting,
  type Preference,
  type RegionFailover,
  regionLabel,
  subZoneLabel,
  zoneLabel,
} from '../../model/locality-lb.ts';
import {
  boolean,
  type Decoder,
  inside,
  integer,
  list,
  nonEmptyString,
  object,
  report,
  type Spot,
  uint32,
} from '../values/decode.ts';

const wildcard = '*';

/** `region/zone/subzone`, with less behind or `*` at the end: any. */
const area: Decoder<Area> = (value, spot) => {
  const text = nonEmptyString(value, spot);
  const parts = text?.split('/') ?? [];
  if (text === undefined) return undefined;
  if (parts.length > 3 || parts.includes('')) {
    return report(spot, 'SLC0105', 'a place is written as region, region/zone or region/zone/subzone');
  }
  if (parts.slice(0, -1).some((part) => part.includes(wildcard)) || !isWhole(parts.at(-1) ?? '')) {
    return report(spot, 'SLC0105', '* stands for all that is left, so it is the last part and stands alone');
  }
  const [region = null, zone = null, subZone = null] = parts.map((part) => (part === wildcard ? null : part));
  return { region, zone, subZone };
};

const isWhole = (part: string): boolean => part === wildcard || !part.includes(wildcard);

const meets = (a: string | null, b: string | null): boolean => a === null || b === null || a === b;

/** Whether a place may be in both. */
const overlap = (a: Area, b: Area): boolean =>
  meets(a.region, b.region) && meets(a.zone, b.zone) && meets(a.subZone, b.subZone);

const percent = integer({ min: 1, max: 100 });

/** Shares that add up to a hundred. Of no use as a whole if one of them is of no use. */
const shares: Decoder<Distribution['shares']> = (value, spot) => {
  if (!isObject(value)) return report(spot, 'SLC0102', 'expected an object of places and percentages');
  const found: { readonly to: Area; readonly percent: number }[] = [];
  for (const key of Object.keys(value).sort()) {
    const here = inside(spot, key);
    const [to, part] = [area(key, here), percent(value[key] ?? null, here)];
    if (to === undefined || part === undefined) return undefined;
    if (found.some((other) => overlap(other.to, to))) {
      return report(here, 'SLC0105', 'the place is in another one of the list as well');
    }
    found.push({ to, percent: part });
  }
  const sum = found.reduce((total, each) => total + each.percent, 0);
  return sum === 100 ? found : report(spot, 'SLC0105', `the percentages add up to ${sum}, not to 100`);
};

/** An item of a list, and where it stands. */
interface Item<T> {
  readonly value: T;
  readonly spot: Spot;
}

function item<T>(decode: Decoder<T>): Decoder<Item<T>> {
  return (json, spot) => {
    const value = decode(json, spot);
    return value === undefined ? undefined : { value, spot };
  };
}

const distributionFields = object({ from: area, to: shares }, { required: ['from', 'to'] });

const distribution: Decoder<Distribution> = (value, spot) => {
  const { from, to } = distributionFields(value, spot) ?? {};
  return from === undefined || to === undefined ? undefined : { from, shares: to };
};

function distributionsOf(items: readonly Item<Distribution>[] = []): readonly Distribution[] {
  const kept: Distribution[] = [];
  for (const { value, spot } of items) {
    if (kept.some(({ from }) => overlap(from, value.from))) {
      const message = `${nameOf(value.from)} is in an earlier "from" as well; the earlier one is used`;
      report(inside(spot, 'from'), 'SLC0107', message);
    } else {
      kept.push(value);
    }
  }
  return kept;
}

const nameOf = ({ region, zone, subZone }: Area): string =>
  [region, zone, subZone].flatMap((part) => part ?? []).join('/') || wildcard;

const region: Decoder<string> = (value, spot) => {
  const text = nonEmptyString(value, spot);
  return text === undefined || !/[*/]/.test(text)
    ? text
    : report(spot, 'SLC0105', 'is to be a region alone, without zone and *');
};

const regionFields = object({ from: region, to: region }, { required: ['from', 'to'] });

const regionFailover: Decoder<RegionFailover> = (value, spot) => {
  const { from, to } = regionFields(value, spot) ?? {};
  if (from === undefined || to === undefined) return undefined;
  return from === to ? report(inside(spot, 'to'), 'SLC0105', 'is the region itself') : { from, to };
};

const preference: Decoder<Preference> = (value, spot) => {
  const text = nonEmptyString(value, spot);
  if (text === undefined) return undefined;
  const [label = '', fixed = null, ...more] = text.split('=');
  return label === '' || more.length > 0
    ? report(spot, 'SLC0105', 'is to be a label, or label=value')
    : { label, value: fixed };
};

const failoverFields = {
  enabled: boolean,
  failover: list(item(regionFailover)),
  failoverPriority: list(item(preference)),
};
const fields = object({ ...failoverFields, distribute: list(item(distribution)) });
type Fields = NonNullable<ReturnType<typeof fields>>;

const placeLabels: ReadonlySet<string> = new Set([regionLabel, zoneLabel, subZoneLabel]);

type Failover = Partial<Pick<Fields, 'failover' | 'failoverPriority'>>;

/** What stands in for what. Both lists may say something, as long as they do not both speak of places. */
function failoverOf({ failover = [], failoverPriority = [] }: Failover, spot: Spot) {
  const place = failoverPriority.find(({ value: { label } }) => placeLabels.has(label));
  const preferences = firsts(failoverPriority, ({ label }) => label);
  if (place !== undefined && failover.length > 0) {
    const message = `"failoverPriority" speaks of places as well (${place.value.label}); only that is used`;
    report(inside(spot, 'failover'), 'SLC0107', message);
    return { regions: [], preferences };
  }
  return { regions: firsts(failover, ({ from }) => from), preferences };
}

/** One of each, by what it is about; says which are there twice. */
function firsts<T>(items: readonly Item<T>[], about: (value: T) => string): readonly T[] {
  const kept = new Map<string, T>();
  for (const { value, spot } of items) {
    const key = about(value);
    if (kept.has(key)) report(spot, 'SLC0223', `${key} stands twice; the first one counts`);
    else kept.set(key, value);
  }
  return [...kept.values()];
}

/** What of `localityLbSetting` counts. */
export const localityLbSetting: Decoder<LocalitySetting> = (value, spot) => {
  const decoded = fields(value, spot);
  if (decoded === undefined) return undefined;
  if (decoded.enabled === false) return { kind: 'off' };
  const distributions = distributionsOf(decoded.distribute);
  const { origin } = spot;
  if (distributions.length === 0) return { kind: 'failover', ...failoverOf(decoded, spot), origin };
  for (const name of ['failover', 'failoverPriority'] as const) {
    if ((decoded[name] ?? []).length === 0) continue;
    report(inside(spot, name), 'SLC0107', '"distribute" is set as well, and only one may be; "distribute" is used');
  }
  return { kind: 'distribute', distributions, origin };
};

const zoneAwareFields = object({ ...failoverFields, minClusterSize: integer({ ...uint32, min: 1 }) });

/** What of `zoneAwareLbSetting` counts. */
export const zoneAwareLbSetting: Decoder<LocalitySetting> = (value, spot) => {
  const decoded = zoneAwareFields(value, spot);
  if (decoded === undefined) return undefined;
  if (decoded.enabled === false) return { kind: 'zone-unaware' };
  const { minClusterSize = null } = decoded;
  return { kind: 'zone-aware', minClusterSize, ...failoverOf(decoded, spot), origin: spot.origin };
};
