// What tests of the stream reducer feed it with by hand.
import { typeUrls } from '../../src/envoy/types.ts';
import { SharedSteps } from '../../src/xds/shared-steps.ts';
import type { StreamEvent } from '../../src/xds/stream.ts';

export const options = {
  noncePrefix: 'n',
  supersedeAfter: 2000,
  fullSpacing: { free: 0, each: 0 },
  removalDeadline: 5000,
  gateDeadline: 5000,
  drain: 0,
};

export const asking = (kind: 'cluster' | 'endpoint', names: readonly string[], nonce = '') =>
  ({
    kind: 'request',
    now: 0,
    request: { protocol: 'sotw', typeUrl: typeUrls[kind], version: '', names, nonce, error: null, node: null },
  }) satisfies StreamEvent;

/** A delta client that asks for everything, or answers. */
export const subscribing = (kind: 'cluster' | 'endpoint', nonce: string) =>
  ({
    kind: 'request',
    now: 0,
    request: {
      ...{ protocol: 'delta', typeUrl: typeUrls[kind], subscribe: [], unsubscribe: [], versions: new Map() },
      ...{ nonce, error: null, node: null },
    },
  }) satisfies StreamEvent;

/** Of all clients of a model, so that what is done for one is given to others. */
export const steps = {
  sotw: new SharedSteps({ protocol: 'sotw', ...options, fullSpacing: { free: 0, each: 40 } }),
  delta: new SharedSteps({ protocol: 'delta', ...options }),
};

/** The same sequences in every run, so that what fails is what was changed; MODEL_SEED asks for others. */
export const sequences = (numRuns: number) => ({ numRuns, seed: Number(process.env['MODEL_SEED'] ?? 1) });
