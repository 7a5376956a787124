// Where workloads get their certificates: who asks, by a service account's token or by the certificate that is to be renewed,
// gets one for that identity and no other. Invariant: of the request itself nothing counts but the key.
import type { WorkloadIdentity } from '../../model/identity.ts';
import { spiffeId } from '../spiffe.ts';
import type { TokenReviewer } from '../token-reviewer.ts';
import { createAllowance } from './allowance.ts';
import { type Authority, UnusableCa } from './authority.ts';
import { readCsr } from './csr.ts';

export interface DeskOptions {
  readonly authority: Pick<Authority, 'sign'>;
  /** Null: tokens are not accepted. */
  readonly tokens: TokenReviewer | null;
  /** Asked at every request; null: it is not known yet. */
  readonly trustDomain: () => string | null;
  readonly limits?: Partial<DeskLimits>;
  /** In milliseconds, of any beginning. */
  readonly elapsed?: () => number;
}

export interface DeskLimits {
  /** Certificates for one caller: how many at once, and how long until one more, in milliseconds. */
  readonly burst: number;
  readonly every: number;
  /** How many requests are worked on at the same time. */
  readonly atOnce: number;
  /** In characters. */
  readonly token: number;
}

/** A Pod comes for one at its start, and for another one some hours later. */
const deskLimits: DeskLimits = { burst: 30, every: 10_000, atOnce: 256, token: 16_384 };

export interface DeskRequest {
  /** PEM. */
  readonly csr: string;
  /** How long it is to be valid, in milliseconds; null: as long as is allowed. */
  readonly lifetime: number | null;
  /** All tokens that the request brings. */
  readonly tokens: readonly string[];
  /** Whose valid certificate the connection has; null: none. */
  readonly certificate: WorkloadIdentity | null;
}

export type DeskOutcome =
  | { readonly kind: 'signed'; readonly identity: WorkloadIdentity; readonly chain: readonly string[] }
  /** The reason is told to the caller: nothing of a token or a key is in it. */
  | {
      readonly kind: 'unauthenticated' | 'invalid' | 'exhausted' | 'unavailable';
      readonly reason: string;
      /** Where it is known who asked. */
      readonly identity: WorkloadIdentity | null;
    };

type Refused = Exclude<DeskOutcome, { readonly kind: 'signed' }>;

interface Caller {
  readonly kind: 'caller';
  readonly identity: WorkloadIdentity;
  /** Who shares an allowance: the Pods of one service account have one each. */
  readonly account: string;
}

export type Desk = (request: DeskRequest) => Promise<DeskOutcome>;

export function createDesk(options: DeskOptions): Desk {
  const limits = { ...deskLimits, ...options.limits };
  const allowance = createAllowance(limits, options.elapsed ?? (() => performance.now()));
  let working = 0;
  return async (request) => {
    if (working >= limits.atOnce) return refused('unavailable', 'too many requests at the same time: try again', null);
    working += 1;
    try {
      const caller = await callerOf(request, options, limits);
      if (caller.kind !== 'caller') return caller;
      const { identity, account } = caller;
      if (!allowance.take(account)) return refused('exhausted', 'too many certificates for this workload', identity);
      return await sign(request, identity, options);
    } finally {
      working -= 1;
    }
  };
}

/** A token counts more than a certificate, for it is newer: who brings one that does not hold gets nothing. */
async function callerOf(
  { tokens, certificate }: DeskRequest,
  options: DeskOptions,
  limits: DeskLimits,
): Promise<Caller | Refused> {
  const [token, second] = tokens;
  if (second !== undefined) return refused('unauthenticated', 'the request has more than one token', null);
  if (token === undefined) {
    return certificate === null
      ? refused('unauthenticated', 'a token of a service account is required, or a valid client certificate', null)
      : { kind: 'caller', identity: certificate, account: spiffeId(certificate) };
  }
  if (options.tokens === null) return refused('unauthenticated', 'tokens are not accepted here', null);
  if (token.length > limits.token) return refused('unauthenticated', 'the token is too long', null);
  const review = await options.tokens.review(token);
  if (review.kind === 'refused') return refused('unauthenticated', review.reason, null);
  if (review.kind === 'unavailable') return refused('unavailable', review.reason, null);
  const { namespace, serviceAccount, pod } = review;
  const trustDomain = options.trustDomain();
  if (trustDomain === null) return refused('unavailable', 'the trust domain is not known yet: try again', null);
  const identity = { trustDomain, namespace, serviceAccount };
  return { kind: 'caller', identity, account: `${spiffeId(identity)} ${pod ?? ''}` };
}

async function sign(
  { csr, lifetime }: DeskRequest,
  identity: WorkloadIdentity,
  { authority }: DeskOptions,
): Promise<DeskOutcome> {
  const request = await readCsr(csr);
  if (request.kind === 'refused') return refused('invalid', request.reason, identity);
  const names = [{ type: 'url', value: spiffeId(identity) } as const];
  try {
    const { chain, roots } = await authority.sign({ publicKey: request.publicKey, names, client: true, lifetime });
    return { kind: 'signed', identity, chain: [...chain, roots] };
  } catch (error) {
    if (error instanceof UnusableCa) return refused('unavailable', error.message, identity);
    throw error;
  }
}

function refused(kind: Refused['kind'], reason: string, identity: WorkloadIdentity | null): Refused {
  return { kind, reason, identity };
}
