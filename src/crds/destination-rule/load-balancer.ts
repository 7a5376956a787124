// LoadBalancerSettings of a DestinationRule (networking.istio.io): which policy, and what it hashes.
import { type Balancing, type HashKey, type LbPolicy, oneKey, type SlowStart } from '../../model/lb-policy.ts';
import type { LocalitySetting } from '../../model/locality-lb.ts';
import {
  boolean,
  type Decoder,
  inside,
  integer,
  list,
  nonEmptyString,
  number,
  object,
  oneOf,
  positive,
  report,
  type Spot,
  uint32,
} from '../values/decode.ts';
import { duration } from '../values/duration.ts';
import { headerName, headerText, token } from '../values/http-text.ts';
import { localityLbSetting, zoneAwareLbSetting } from './locality-lb.ts';

/** Envoy's limits: RingHashLbConfig.minimum_ring_size and MaglevLbConfig.table_size. */
const largestRing = 8_388_608;
const largestTable = 5_000_011;

const simple = oneOf({
  UNSPECIFIED: 'LEAST_REQUEST',
  LEAST_REQUEST: 'LEAST_REQUEST',
  LEAST_CONN: 'LEAST_CONN',
  ROUND_ROBIN: 'ROUND_ROBIN',
  RANDOM: 'RANDOM',
  PASSTHROUGH: 'PASSTHROUGH',
} as const);
type Simple = NonNullable<ReturnType<typeof simple>>;

const httpCookie = object(
  {
    name: token,
    path: headerText,
    ttl: duration({ min: 0 }),
    attributes: list(object({ name: token, value: headerText }, { required: ['name'] })),
  },
  { required: ['name'] },
);

function isPrime(value: number): boolean {
  if (value < 2) return false;
  for (let divisor = 2; divisor * divisor <= value; divisor += 1) if (value % divisor === 0) return false;
  return true;
}

/** Zero means unset, as everywhere in this kind. */
const tableSize: Decoder<number> = (value, spot) => {
  const size = integer({ min: 0, max: largestTable })(value, spot);
  return size === undefined || size === 0 || isPrime(size)
    ? size
    : report(spot, 'SLC0105', `${size} is not a prime number, which Maglev needs; 65537 is Envoy's default`);
};

const ringSize = integer({ min: 0, max: largestRing });

const consistentHash = object({
  httpHeaderName: headerName,
  httpCookie,
  useSourceIp: boolean,
  httpQueryParameterName: nonEmptyString,
  maglev: object({ tableSize }),
  ringHash: object({ minimumRingSize: ringSize }),
  minimumRingSize: ringSize,
});
type ConsistentHash = NonNullable<ReturnType<typeof consistentHash>>;

const warmup = object(
  {
    duration: duration({ min: 1 }),
    minimumPercent: number({ min: 0, max: 100 }),
    aggression: positive,
  },
  { required: ['duration'] },
);

const backendUtilization = object({
  weightStabilizationPeriod: duration({ min: 0 }),
  weightExpirationPeriod: duration({ min: 0 }),
  weightUpdatePeriod: duration({ min: 1 }),
  errorUtilizationPenaltyPercent: integer(uint32),
  metricNamesForComputingUtilization: list(nonEmptyString),
});

const fields = object({
  simple,
  consistentHash,
  backendUtilization,
  warmup,
  warmupDurationSecs: duration({ min: 1 }),
  localityLbSetting,
  zoneAwareLbSetting,
});
type Fields = NonNullable<ReturnType<typeof fields>>;

/** Reports all but the first of fields that exclude each other, and gives the first. */
function firstOf<K extends string>(present: readonly K[], spot: Spot): K | undefined {
  const [used, ...others] = present;
  for (const other of others) {
    report(inside(spot, other), 'SLC0107', `"${used}" is set as well, and only one may be; "${used}" is used`);
  }
  return used;
}

function presentIn<K extends string>(value: { readonly [P in K]?: unknown }, names: readonly K[]): K[] {
  return names.filter((name) => value[name] !== undefined);
}

const hashKeys: {
  readonly [K in 'httpHeaderName' | 'httpCookie' | 'useSourceIp' | 'httpQueryParameterName']: (
    value: NonNullable<ConsistentHash[K]>,
  ) => HashKey;
} = {
  httpHeaderName: (name) => ({ kind: 'header', name }),
  httpCookie: ({ name = '', path = '', ttl = null, attributes = [] }) => ({
    kind: 'cookie',
    name,
    path,
    ttl,
    attributes: attributes.map((each) => ({ name: each.name ?? '', value: each.value ?? '' })),
  }),
  useSourceIp: (enabled) => ({ kind: 'source-ip', enabled }),
  httpQueryParameterName: (name) => ({ kind: 'query-parameter', name }),
};

function hashKeyOf(hash: ConsistentHash, spot: Spot): HashKey | null {
  const names = presentIn(hash, ['httpHeaderName', 'httpCookie', 'useSourceIp', 'httpQueryParameterName']);
  const used = firstOf(names, spot);
  if (used === undefined) return null;
  const make = hashKeys[used] as (value: unknown) => HashKey;
  return make(hash[used]);
}

const ring = (minimumRingSize: number | null): LbPolicy => {
  return {
    kind: 'ring-hash',
    minimumRingSize,
    maximumRingSize: null,
    hashFunction: null,
    balanceFactor: null,
    placedBy: 'address',
  };
};

const leastRequest = (slowStart: SlowStart | null): LbPolicy => {
  return { kind: 'least-request', slowStart, choiceCount: null, activeRequestBias: null };
};

function hashPolicyOf(hash: ConsistentHash, spot: Spot): LbPolicy {
  const used = firstOf(presentIn(hash, ['maglev', 'ringHash', 'minimumRingSize']), spot);
  if (hash.minimumRingSize !== undefined) {
    report(inside(spot, 'minimumRingSize'), 'SLC0109', 'deprecated: write ringHash.minimumRingSize');
  }
  if (used === 'maglev') {
    return { kind: 'maglev', tableSize: hash.maglev?.tableSize || null, balanceFactor: null, placedBy: 'address' };
  }
  if (used === 'ringHash') return ring(hash.ringHash?.minimumRingSize || null);
  return ring(hash.minimumRingSize || 1024);
}

function slowStartOf(value: Fields, spot: Spot): SlowStart | null {
  if (value.warmupDurationSecs !== undefined) {
    report(
      inside(spot, 'warmupDurationSecs'),
      'SLC0109',
      'deprecated: write warmup.duration; warmup wins if both are set',
    );
  }
  if (value.warmup?.duration !== undefined) {
    const { duration: window, aggression = 1, minimumPercent = 10 } = value.warmup;
    return { window, aggression, minimumPercent };
  }
  if (value.warmupDurationSecs === undefined) return null;
  return { window: value.warmupDurationSecs, aggression: null, minimumPercent: null };
}

function simplePolicyOf(word: Simple, slowStart: SlowStart | null, spot: Spot): LbPolicy {
  if (word === 'LEAST_CONN') {
    report(inside(spot, 'simple'), 'SLC0109', 'deprecated: LEAST_CONN is another name of LEAST_REQUEST');
  }
  if (word === 'ROUND_ROBIN') return { kind: 'round-robin', slowStart };
  if (word === 'RANDOM') return { kind: 'random' };
  return word === 'PASSTHROUGH' ? { kind: 'passthrough' } : leastRequest(slowStart);
}

/** What comes of a setting of places that cannot be used is what comes of none. */
function localityOf(value: Fields, spot: Spot): LocalitySetting | null {
  const used = firstOf(presentIn(value, ['zoneAwareLbSetting', 'localityLbSetting']), spot);
  const setting = used === 'zoneAwareLbSetting' ? value.zoneAwareLbSetting : value.localityLbSetting;
  return setting ?? null;
}

function policyOf(value: Fields, spot: Spot): Omit<Balancing, 'locality'> {
  const slowStart = slowStartOf(value, spot);
  const used = firstOf(presentIn(value, ['simple', 'consistentHash', 'backendUtilization']), spot);
  if (used === 'consistentHash' && value.consistentHash !== undefined) {
    const place = inside(spot, 'consistentHash');
    return {
      lb: hashPolicyOf(value.consistentHash, place),
      hash: hashKeyOf(value.consistentHash, place),
      hashSteps: oneKey,
      origin: spot.origin,
    };
  }
  if (used === 'backendUtilization' && value.backendUtilization !== undefined) {
    const settings = value.backendUtilization;
    const lb: LbPolicy = {
      kind: 'backend-utilization',
      stabilizationPeriod: settings.weightStabilizationPeriod ?? null,
      expirationPeriod: settings.weightExpirationPeriod ?? null,
      updatePeriod: settings.weightUpdatePeriod ?? null,
      errorPenaltyPercent: settings.errorUtilizationPenaltyPercent ?? null,
      metricNames: settings.metricNamesForComputingUtilization ?? [],
    };
    return { lb, hash: null, hashSteps: oneKey, origin: spot.origin };
  }
  const lb: LbPolicy =
    value.simple === undefined ? leastRequest(slowStart) : simplePolicyOf(value.simple, slowStart, spot);
  return { lb, hash: null, hashSteps: oneKey, origin: spot.origin };
}

/** The policy of `loadBalancer`, with defaults filled in. */
export const loadBalancer: Decoder<Balancing> = (value, spot) => {
  const decoded = fields(value, spot);
  if (decoded === undefined) return undefined;
  const policy = policyOf(decoded, spot);
  const warms = policy.lb.kind === 'least-request' || policy.lb.kind === 'round-robin';
  for (const name of presentIn(decoded, ['warmup', 'warmupDurationSecs'])) {
    if (!warms) report(inside(spot, name), 'SLC0110', 'only ROUND_ROBIN and LEAST_REQUEST warm new endpoints up');
  }
  return { ...policy, locality: localityOf(decoded, spot) };
};
