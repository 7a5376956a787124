// Annotations of a DestinationRule: what Envoy can do in balancing and the kind has no field for.
//
// They hold for the whole rule: every port and subset whose policy they fit.
import type { JsonValue } from '../../lib/json.ts';
import type { HashFunction, LbPolicy, PlacedBy } from '../../model/lb-policy.ts';
import { sluiceDomain } from '../../model/names.ts';
import {
  type Decoder,
  ignoring,
  inside,
  integer,
  number,
  object,
  oneOf,
  report,
  type Spot,
  string,
  uint32,
} from '../values/decode.ts';
import type { Metadata } from '../values/metadata.ts';

/** Undefined: not set. */
export interface BalancingSettings {
  readonly choiceCount: number | undefined;
  readonly activeRequestBias: number | undefined;
  readonly minimumRingSize: number | undefined;
  readonly maximumRingSize: number | undefined;
  readonly hashFunction: HashFunction | undefined;
  readonly hashBalanceFactor: number | undefined;
  readonly placedBy: PlacedBy | undefined;
}
type Setting = keyof BalancingSettings;

interface Row<S extends Setting> {
  /** Behind the prefix. */
  readonly name: string;
  readonly decode: Decoder<NonNullable<BalancingSettings[S]>>;
  /** The policies that make something of it. */
  readonly fits: readonly LbPolicy['kind'][];
}

const isNumeral = (text: string): boolean =>
  text.length <= 20 &&
  [...text].some((each) => each !== '.') &&
  [...text].every((each) => '.0123456789'.includes(each));

/** Annotations are text: a number in quotes. */
function inQuotes(decode: Decoder<number>): Decoder<number> {
  return (value, spot) => {
    const text = string(value, spot);
    if (text === undefined) return undefined;
    if (isNumeral(text) && !Number.isNaN(Number(text))) return decode(Number(text), spot);
    return report(spot, 'SLC0102', `expected a number such as "2", found ${JSON.stringify(text.slice(0, 60))}`);
  };
}

/** Envoy's limit: RingHashLbConfig.minimum_ring_size and maximum_ring_size. */
const ringSize = inQuotes(integer({ min: 1, max: 8_388_608 }));
const placedBy = oneOf({ address: 'address', 'pod-name': 'instance' } as const);
const hashFunction = oneOf({ XX_HASH: 'XX_HASH', MURMUR_HASH_2: 'MURMUR_HASH_2' } as const);

const rows: { readonly [S in Setting]: Row<S> } = {
  choiceCount: {
    name: 'choice-count',
    decode: inQuotes(integer({ min: 2, max: uint32.max })),
    fits: ['least-request'],
  },
  activeRequestBias: {
    name: 'active-request-bias',
    decode: inQuotes(number({ min: 0, max: 1000 })),
    fits: ['least-request'],
  },
  minimumRingSize: { name: 'minimum-ring-size', decode: ringSize, fits: ['ring-hash'] },
  maximumRingSize: { name: 'maximum-ring-size', decode: ringSize, fits: ['ring-hash'] },
  hashFunction: { name: 'hash-function', decode: hashFunction, fits: ['ring-hash'] },
  hashBalanceFactor: {
    name: 'hash-balance-factor',
    decode: inQuotes(integer({ min: 100, max: uint32.max })),
    fits: ['ring-hash', 'maglev'],
  },
  placedBy: { name: 'hash-endpoints-by', decode: placedBy, fits: ['ring-hash', 'maglev'] },
};
const settingNames = Object.keys(rows) as readonly Setting[];

/** The words that users know the policies by. */
const policyWords: Readonly<Partial<Record<LbPolicy['kind'], string>>> = {
  'least-request': 'LEAST_REQUEST',
  'ring-hash': 'consistentHash with ringHash',
  maglev: 'consistentHash with maglev',
};

export const annotationOf = (setting: Setting): string => `${sluiceDomain}/${rows[setting].name}`;

const decoders = Object.fromEntries(settingNames.map((setting) => [annotationOf(setting), rows[setting].decode]));
const ours = object<Readonly<Record<string, Decoder<unknown>>>>(decoders, {
  ignored: ignoring(`${sluiceDomain}/analyze-suppress`),
});

/** Where annotations of an object stand. */
const annotationsIn = (spot: Spot): Spot => inside(spot, 'metadata', 'annotations');

/** What the annotations say; null: nothing. Annotations of ours that there are not are reported. */
export function balancingSettings({ annotations }: Metadata, spot: Spot): BalancingSettings | null {
  const written: [string, JsonValue][] = [...annotations].filter(([name]) => name.startsWith(`${sluiceDomain}/`));
  if (written.length === 0) return null;
  const decoded = ours(Object.fromEntries(written), annotationsIn(spot)) ?? {};
  const found = settingNames.map((setting) => [setting, decoded[annotationOf(setting)]] as const);
  if (found.every(([, value]) => value === undefined)) return null;
  // The decoders in the table give these types.
  return checked(Object.fromEntries(found) as unknown as BalancingSettings, spot);
}

/** Envoy refuses a ring whose minimum is above its maximum. */
function checked(settings: BalancingSettings, spot: Spot): BalancingSettings {
  const { minimumRingSize: least, maximumRingSize: most } = settings;
  if (least === undefined || most === undefined || least <= most) return settings;
  const message = `${most} is less than the minimum of ${least}; there is no maximum then`;
  report(inside(annotationsIn(spot), annotationOf('maximumRingSize')), 'SLC0107', message);
  return { ...settings, maximumRingSize: undefined };
}

/** Whether at least one of the settings is for such a policy. */
export const fitsSome = (settings: BalancingSettings, kind: LbPolicy['kind']): boolean =>
  settingNames.some((setting) => settings[setting] !== undefined && rows[setting].fits.includes(kind));

/** Reports settings that fit none of the rule's policies. */
export function reportUnfit(settings: BalancingSettings, kinds: ReadonlySet<LbPolicy['kind']>, spot: Spot): void {
  for (const setting of settingNames) {
    const { fits } = rows[setting];
    if (settings[setting] === undefined || fits.some((kind) => kinds.has(kind))) continue;
    const wanted = fits.map((kind) => policyWords[kind] ?? kind).join(' or ');
    const place = inside(annotationsIn(spot), annotationOf(setting));
    report(place, 'SLC0110', `has no effect: it is for ${wanted}, which the rule has nowhere`);
  }
}

/** Envoy's default: RingHashLbConfig.minimum_ring_size. */
const usualRing = 1024;

/** Reports a maximum that is below the minimum in the rule's own field. */
export function reportLowered(settings: BalancingSettings, lb: LbPolicy, spot: Spot): void {
  const { minimumRingSize, maximumRingSize: most } = settings;
  if (most === undefined || minimumRingSize !== undefined || lb.kind !== 'ring-hash') return;
  const { minimumRingSize: least } = lb;
  if (least === null || least <= most || least === usualRing) return;
  const message = `${most} is less than minimumRingSize, ${least}, which is lowered to it`;
  report(inside(annotationsIn(spot), annotationOf('maximumRingSize')), 'SLC0107', message);
}

/** A ring with what is said; a minimum that only the rule's own field or the default sets gives way to a maximum. */
function tunedRing(lb: Extract<LbPolicy, { kind: 'ring-hash' }>, settings: BalancingSettings): LbPolicy {
  const { maximumRingSize: most = null, hashFunction: hash = null, hashBalanceFactor: factor = null } = settings;
  const least = settings.minimumRingSize ?? lb.minimumRingSize;
  const minimumRingSize = most !== null && (least ?? usualRing) > most ? most : least;
  const { placedBy = lb.placedBy } = settings;
  return { ...lb, minimumRingSize, maximumRingSize: most, hashFunction: hash, balanceFactor: factor, placedBy };
}

/** The policy with those settings that fit it. */
export function tuned(lb: LbPolicy, settings: BalancingSettings): LbPolicy {
  if (lb.kind === 'least-request') {
    const { choiceCount = null, activeRequestBias = null } = settings;
    return { ...lb, choiceCount, activeRequestBias };
  }
  if (lb.kind === 'maglev') {
    const { hashBalanceFactor: balanceFactor = null, placedBy = lb.placedBy } = settings;
    return { ...lb, balanceFactor, placedBy };
  }
  return lb.kind === 'ring-hash' ? tunedRing(lb, settings) : lb;
}
