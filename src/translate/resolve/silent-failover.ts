// Rules that make the nearest endpoints come first without a word about places: outlier detection does.
import type { Service } from '../../crds/service.ts';
import { memo } from '../../lib/memo.ts';
import { type Diagnostic, diagnose } from '../../model/diagnostic.ts';
import type { ServiceEndpoints } from '../../model/endpoint.ts';
import type { Mesh } from '../../model/mesh.ts';
import type { Origin } from '../../model/origin.ts';
import { type PolicyChoice, policiesIn } from '../../model/policy.ts';

interface Silent {
  readonly host: string;
  /** The blocks of outlier detection. */
  readonly origins: readonly Origin[];
}

const silentIn = memo((choice: PolicyChoice): readonly Origin[] => {
  const parts = policiesIn(choice).flatMap((policy) => [policy, ...policy.subsets]);
  const policies = parts.flatMap(({ ports }) => [...ports.values()]);
  return policies.flatMap(({ outlierDetection, locality }) =>
    outlierDetection === null || locality !== null ? [] : [outlierDetection.origin],
  );
});

const silentOnes = memo((services: ReadonlyMap<string, Service>, policies: Mesh['policies']): readonly Silent[] =>
  [...policies].flatMap(([host, choice]) => {
    const origins = services.get(host)?.nearness === null ? silentIn(choice) : [];
    return origins.length === 0 ? [] : [{ host, origins }];
  }),
);

/** Whether endpoints are in more than one place. */
const isSpread = memo((endpoints: ServiceEndpoints): boolean => {
  const all = [...endpoints.values()].flat();
  const places = all.map(({ locality: { region, zone, subZone } }) => `${region}/${zone}/${subZone}`);
  return new Set(places).size > 1;
});

/** Says so where it makes a difference: services with endpoints in more than one place. */
export function silentFailover(
  services: ReadonlyMap<string, Service>,
  policies: Mesh['policies'],
  endpoints: Mesh['endpoints'],
): readonly Diagnostic[] {
  return silentOnes(services, policies).flatMap(({ host, origins }) => {
    const ofHost = endpoints.get(host);
    if (ofHost === undefined || !isSpread(ofHost)) return [];
    const unique = new Map(origins.map((origin) => [JSON.stringify(origin), origin] as const));
    const message = `${host} has endpoints in several places: the nearest are called first, others only when these are bad`;
    return [...unique.values()].map((origin) => diagnose('SLC0206', origin, message));
  });
}
