// When an endpoint is left alone: envoy.config.cluster.v3.OutlierDetection. Each check is either always or never enforced.
import type { JsonObject } from '../../lib/json.ts';
import type { LocalErrors, OutlierDetection } from '../../model/outlier-detection.ts';
import { protoDuration } from './duration.ts';

const always = 100;
const never = 0;

const enforced = (count: number): number => (count > 0 ? always : never);

function emitLocalErrors({ consecutive }: LocalErrors): JsonObject {
  return {
    split_external_local_origin_errors: true,
    enforcing_local_origin_success_rate: never,
    ...(consecutive !== null && {
      consecutive_local_origin_failure: consecutive,
      enforcing_consecutive_local_origin_failure: always,
    }),
  };
}

export function emitOutlierDetection(detection: OutlierDetection): JsonObject {
  const { consecutive5xx, consecutiveGatewayErrors: gateway, localErrors } = detection;
  const { interval, baseEjectionTime, maxEjectionPercent } = detection;
  return {
    // Few endpoints with little traffic differ by chance.
    enforcing_success_rate: never,
    ...(consecutive5xx !== null && {
      consecutive_5xx: consecutive5xx,
      enforcing_consecutive_5xx: enforced(consecutive5xx),
    }),
    ...(gateway !== null && {
      consecutive_gateway_failure: gateway,
      enforcing_consecutive_gateway_failure: enforced(gateway),
    }),
    ...(interval !== null && { interval: protoDuration(interval) }),
    ...(baseEjectionTime !== null && { base_ejection_time: protoDuration(baseEjectionTime) }),
    ...(maxEjectionPercent !== null && { max_ejection_percent: maxEjectionPercent }),
    ...(localErrors !== null && emitLocalErrors(localErrors)),
  };
}

const answersWith = (code: number): JsonObject => ({
  http_response_headers_match: { headers: [{ name: ':status', string_match: { exact: String(code) } }] },
});

/** HttpProtocolOptions.OutlierDetection.error_matcher: the answers that count as errors. */
export function emitErrorMatcher(codes: readonly number[]): JsonObject {
  const [first, ...others] = codes.map(answersWith);
  return first !== undefined && others.length === 0 ? first : { or_match: { rules: codes.map(answersWith) } };
}
