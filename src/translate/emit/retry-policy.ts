// What is tried again: envoy.config.route.v3.RetryPolicy.
import type { JsonObject } from '../../lib/json.ts';
import type { Retries } from '../../model/route.ts';
import { protoDuration } from './duration.ts';

const usualConditions = 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes';

/** A host that was tried is not tried again. */
const otherHosts: JsonObject = {
  retry_host_predicate: [
    {
      name: 'envoy.retry_host_predicates.previous_hosts',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
      },
    },
  ],
  host_selection_retry_max_attempts: 5,
};

const otherLocalities: JsonObject = {
  retry_priority: {
    name: 'envoy.retry_priorities.previous_priorities',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig',
      update_frequency: 2,
    },
  },
};

/** Istio's default. */
export const usualRetries: JsonObject = { retry_on: usualConditions, num_retries: 2, ...otherHosts };

/** The same where a key decides the endpoint: the one that it leads to may be tried again. */
const retriesOnSameHost: JsonObject = { retry_on: usualConditions, num_retries: 2 };

/** Null: nothing is tried again. `hashed`: a key decides the endpoint. */
export function emitRetries(retries: Retries | null, hashed: boolean): JsonObject | null {
  if (retries === null) return hashed ? retriesOnSameHost : usualRetries;
  if (retries.attempts === 0) return null;
  const { conditions, statusCodes, perTryTimeout, backoff } = retries;
  return {
    retry_on: conditions?.join(',') ?? usualConditions,
    num_retries: retries.attempts,
    ...(statusCodes.length > 0 && { retriable_status_codes: statusCodes }),
    ...(perTryTimeout !== null && { per_try_timeout: protoDuration(perTryTimeout) }),
    ...(backoff !== null && { retry_back_off: { base_interval: protoDuration(backoff) } }),
    ...(retries.otherLocalities && otherLocalities),
    ...((retries.ignorePrevious ?? !hashed) && otherHosts),
  };
}
