// RetryBudget of a DestinationRule (networking.istio.io): how many requests may be retries.
import type { RetryBudget } from '../../model/port-policy.ts';
import { type Decoder, integer, number, object, uint32 } from '../values/decode.ts';
import { duration } from '../values/duration.ts';

const fields = object({
  percent: number({ min: 0, max: 100 }),
  budgetInterval: duration({ min: 1 }),
  minRetryConcurrency: integer(uint32),
});

/** The settings of `retryBudget`, with defaults filled in. */
export const retryBudget: Decoder<RetryBudget> = (value, spot) => {
  const decoded = fields(value, spot);
  if (decoded === undefined) return undefined;
  const { percent = 20, budgetInterval = null, minRetryConcurrency = 3 } = decoded;
  return { percent, interval: budgetInterval, minConcurrency: minRetryConcurrency, origin: spot.origin };
};
