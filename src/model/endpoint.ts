// Where a service runs.

export interface Locality {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}

export const nowhere: Locality = { region: '', zone: '', subZone: '' };

export type Labels = ReadonlyMap<string, string>;

export const noLabels: Labels = new Map();

export interface Endpoint {
  /** An IP address; of services that are resolved by name, a name; the absolute path of a Unix socket, whose port is 0. */
  readonly address: string;
  readonly port: number;
  readonly healthy: boolean;
  readonly locality: Locality;
  /** The labels of the Pod behind it; empty where none is known. */
  readonly labels: Labels;
  readonly node: string | null;
  /** What it is called wherever it runs: the name of its Pod or WorkloadEntry; null where that is not known. */
  readonly instance: string | null;
  /** As whom the Pod behind it runs, in the service's own namespace; null where that is not known. */
  readonly serviceAccount: string | null;
  /** Relative share, 1 where nothing is said. */
  readonly weight: number;
}

/** A service's endpoints by the name of the service port that they serve. */
export type ServiceEndpoints = ReadonlyMap<string, readonly Endpoint[]>;

/** Whether `labels` has all that `selector` asks for. */
export function matches(selector: Labels, labels: Labels): boolean {
  for (const [key, value] of selector) if (labels.get(key) !== value) return false;
  return true;
}

/** What of a proxy its endpoints depend on; equal views are one object. */
export interface EndpointView {
  readonly node: string | null;
  readonly locality: Locality;
  /** Only labels by which some endpoints are preferred. */
  readonly labels: Labels;
}
