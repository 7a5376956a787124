// Annotations of a DestinationRule: what Envoy can do in balancing and the kind has no field for.
//
// They hold for the whole rule: every port and subset whose policy they fit.
import {
  type Balancing,
  type HashFunction,
  type HashStep,
  isHashing,
  type LbPolicy,
  oneKey,
  type PlacedBy,
} from '../../model/lb-policy.ts';
import { sluiceDomain } from '../../model/names.ts';
import { type Decoder, integer, number, oneOf, report, type Spot, uint32 } from '../values/decode.ts';
import { hashKeys } from './hash-keys.ts';
import { annotationSpot, inQuotes } from './own.ts';

/** Undefined: not set. */
export interface BalancingSettings {
  readonly choiceCount: number | 'all' | undefined;
  readonly activeRequestBias: number | undefined;
  readonly minimumRingSize: number | undefined;
  readonly maximumRingSize: number | undefined;
  readonly hashFunction: HashFunction | undefined;
  readonly hashBalanceFactor: number | undefined;
  readonly placedBy: PlacedBy | undefined;
  readonly hashKeys: readonly HashStep[] | undefined;
}
type Setting = keyof BalancingSettings;

interface Row<S extends Setting> {
  /** Behind the prefix. */
  readonly name: string;
  readonly decode: Decoder<NonNullable<BalancingSettings[S]>>;
  /** The policies that make something of it. */
  readonly fits: readonly LbPolicy['kind'][];
}

/** Envoy's limit: RingHashLbConfig.minimum_ring_size and maximum_ring_size. */
const ringSize = inQuotes(integer({ min: 1, max: 8_388_608 }));
const placedBy = oneOf({ address: 'address', 'pod-name': 'instance' } as const);
const hashFunction = oneOf({ XX_HASH: 'XX_HASH', MURMUR_HASH_2: 'MURMUR_HASH_2' } as const);

const someChoices = inQuotes(integer({ min: 2, max: uint32.max }));
const choiceCount: Decoder<number | 'all'> = (value, spot) => (value === 'all' ? value : someChoices(value, spot));

const rows: { readonly [S in Setting]: Row<S> } = {
  choiceCount: {
    name: 'choice-count',
    decode: choiceCount,
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
  hashKeys: { name: 'hash-keys', decode: hashKeys, fits: ['ring-hash', 'maglev'] },
};
const settingNames = Object.keys(rows) as readonly Setting[];

/** The words that users know the policies by. */
const policyWords: Readonly<Partial<Record<LbPolicy['kind'], string>>> = {
  'least-request': 'LEAST_REQUEST',
  'ring-hash': 'consistentHash with ringHash',
  maglev: 'consistentHash with maglev',
};

/** By their names behind the prefix. */
export const balancingAnnotations: Readonly<Record<string, Decoder<unknown>>> = Object.fromEntries(
  settingNames.map((setting) => [rows[setting].name, rows[setting].decode]),
);

/** The name of a setting's annotation. */
export const annotationOf = (setting: Setting): string => `${sluiceDomain}/${rows[setting].name}`;

const placeOf = (setting: Setting, spot: Spot): Spot => annotationSpot(spot, rows[setting].name);

/** What the annotations say; null: nothing. */
export function balancingSettings(found: Readonly<Record<string, unknown>>, spot: Spot): BalancingSettings | null {
  const settings = settingNames.map((setting) => [setting, found[rows[setting].name]] as const);
  if (settings.every(([, value]) => value === undefined)) return null;
  // The decoders in the table give these types.
  return checked(Object.fromEntries(settings) as unknown as BalancingSettings, spot);
}

/** Envoy refuses a ring whose minimum is above its maximum. */
function checked(settings: BalancingSettings, spot: Spot): BalancingSettings {
  const { minimumRingSize: least, maximumRingSize: most } = settings;
  if (least === undefined || most === undefined || least <= most) return settings;
  const message = `${most} is less than the minimum of ${least}; there is no maximum then`;
  report(placeOf('maximumRingSize', spot), 'SLC0107', message);
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
    report(placeOf(setting, spot), 'SLC0110', `has no effect: it is for ${wanted}, which the rule has nowhere`);
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
  report(placeOf('maximumRingSize', spot), 'SLC0107', message);
}

/** A ring with what is said; a minimum that only the rule's own field or the default sets gives way to a maximum. */
function tunedRing(lb: Extract<LbPolicy, { kind: 'ring-hash' }>, settings: BalancingSettings): LbPolicy {
  const { maximumRingSize: most = null, hashFunction: hash = null, hashBalanceFactor: factor = null } = settings;
  const least = settings.minimumRingSize ?? lb.minimumRingSize;
  const minimumRingSize = most !== null && (least ?? usualRing) > most ? most : least;
  const { placedBy = lb.placedBy } = settings;
  return { ...lb, minimumRingSize, maximumRingSize: most, hashFunction: hash, balanceFactor: factor, placedBy };
}

function tunedPolicy(lb: LbPolicy, settings: BalancingSettings): LbPolicy {
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

/** A cookie that the rule's own field names too is as the field says. */
function withOwnCookie(step: HashStep, { hash }: Balancing): HashStep {
  const same = hash?.kind === 'cookie' && step.key.kind === 'cookie' && step.key.name === hash.name;
  return same ? { ...step, key: hash } : step;
}

/** Balancing with those settings that fit it. */
export function tuned(balancing: Balancing, settings: BalancingSettings): Balancing {
  const lb = tunedPolicy(balancing.lb, settings);
  const steps = isHashing(lb) ? settings.hashKeys?.map((step) => withOwnCookie(step, balancing)) : undefined;
  const [first, ...others] = steps ?? [];
  if (first === undefined) return { ...balancing, lb };
  return { ...balancing, lb, hash: first.key, hashSteps: others.length === 0 ? oneKey : [first, ...others] };
}
