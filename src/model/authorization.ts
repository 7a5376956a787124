// Who may do what with a workload (AuthorizationPolicy, security.istio.io).
import type { Labels } from './endpoint.ts';
import type { ObjectId } from './object.ts';
import type { Subnet } from './service.ts';

/** A text to compare with; `present`: any but none. */
export type TextMatch =
  | { readonly kind: 'exact' | 'prefix' | 'suffix' | 'template'; readonly text: string }
  | { readonly kind: 'present' };

/** What of a request alone can be asked for, never of a connection. */
type RequestText = 'host' | 'method' | 'path';
/** What is known of a caller by its certificate. */
type CallerText = 'principal' | 'namespace' | 'service-account' | 'trust-domain';
export type AddressOf = 'peer' | 'remote' | 'destination';

type TextCondition<K> = K extends string
  ? { readonly kind: K; readonly texts: readonly TextMatch[]; readonly not: boolean }
  : never;

export type Condition =
  | TextCondition<RequestText | CallerText | 'server-name'>
  | { readonly kind: 'header'; readonly name: string; readonly texts: readonly TextMatch[]; readonly not: boolean }
  | { readonly kind: 'address'; readonly of: AddressOf; readonly ranges: readonly Subnet[]; readonly not: boolean }
  | { readonly kind: 'port'; readonly ports: readonly number[]; readonly not: boolean }
  /** What cannot be known here: it was not understood, or nothing tells it. */
  | { readonly kind: 'unknown' };

/** All of them hold. */
export type Clause = readonly Condition[];

export interface AuthorizationRule {
  /** Its place in the object. */
  readonly index: number;
  /** Any of them; null: whoever calls. */
  readonly from: readonly Clause[] | null;
  /** Any of them; null: whatever is called. */
  readonly to: readonly Clause[] | null;
  readonly when: Clause;
}

export type AuthorizationAction = 'allow' | 'deny';

export interface AuthorizationPolicy {
  readonly object: ObjectId;
  readonly namespace: string;
  readonly name: string;
  /** Workloads with all these labels; null: all of the namespace, or of the mesh. */
  readonly selector: Labels | null;
  /** Null: it only watches. */
  readonly action: AuthorizationAction | null;
  readonly rules: readonly AuthorizationRule[];
  /** Whether it only counts what it would do. */
  readonly dryRun: boolean;
}

/** Looks up what holds for workloads: by namespace and name. */
export interface AuthorizationPolicies {
  of(namespace: string, labels: Labels): readonly AuthorizationPolicy[];
}

export const noPolicies: readonly AuthorizationPolicy[] = [];
