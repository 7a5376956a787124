// Outlier detection that never ejects, that may eject everyone, or whose ejections are undone.

import { at } from '../../../model/origin.ts';
import type { OutlierDetection } from '../../../model/outlier-detection.ts';
import type { Finder } from '../facts.ts';
import { describeTarget, type Target } from '../targets.ts';

/** Envoy's default of OutlierDetection.max_ejection_percent. */
const usualMost = 10;

interface Detecting {
  readonly target: Target;
  readonly detection: OutlierDetection;
  readonly count: number;
}

function* detecting(targets: readonly Target[]): Iterable<Detecting> {
  for (const target of targets) {
    const detection = target.policy.outlierDetection;
    if (detection === null || !target.balanced) continue;
    // Where too few good ones make all be called, proxies are not told of those that are not ready.
    const known = detection.minHealthPercent > 0 ? target.endpoints.filter(({ healthy }) => healthy) : target.endpoints;
    yield { target, detection, count: known.length };
  }
}

/** Whether a single ejection stays within the most that may be ejected. */
const canEject = ({ detection, count }: Detecting): boolean =>
  100 / count <= (detection.maxEjectionPercent ?? usualMost);

const isOff = ({ consecutive5xx, consecutiveGatewayErrors: gateway, localErrors }: OutlierDetection): boolean =>
  consecutive5xx === 0 && (gateway ?? 0) === 0 && localErrors === null;

export const neverEjected: Finder = function* ({ targets }) {
  for (const each of detecting(targets())) {
    const { target, detection, count } = each;
    if (isOff(detection)) {
      yield {
        origin: detection.origin,
        message: 'every kind of check is switched off, so no endpoint is ever ejected',
      };
    } else if (count > 1 && !canEject(each)) {
      const most = detection.maxEjectionPercent;
      const limit = most === null ? `${usualMost} by default` : String(most);
      const message =
        `${describeTarget(target)} has ${count} endpoints: one of them is ${Math.round(100 / count)} %, and ` +
        `maxEjectionPercent is ${limit}, so none is ever ejected; write ${Math.ceil(100 / count)} or more`;
      yield { origin: at(detection.origin, ...(most === null ? [] : ['maxEjectionPercent'])), message };
    }
  }
};

export const everyoneEjected: Finder = function* ({ targets }) {
  for (const { target, detection, count } of detecting(targets())) {
    const { maxEjectionPercent: most, minHealthPercent: least, origin } = detection;
    if (count === 0 || most !== 100 || least > 0 || isOff(detection)) continue;
    const what = count === 1 ? 'the only endpoint' : `all ${count} endpoints`;
    const message = `${what} of ${describeTarget(target)} may be ejected at once, and requests are answered with 503 then`;
    yield { origin: at(origin, 'maxEjectionPercent'), message };
  }
};

export const undoneEjections: Finder = function* ({ targets }) {
  for (const each of detecting(targets())) {
    const { target, detection, count } = each;
    const left = (100 * (count - 1)) / count;
    if (count < 2 || !canEject(each) || isOff(detection) || left >= detection.minHealthPercent) continue;
    const message =
      `${describeTarget(target)} has ${count} endpoints: without one of them ${Math.floor(left)} % are left, which is less ` +
      `than minHealthPercent ${detection.minHealthPercent}, so the ejected one is called again`;
    yield { origin: at(detection.origin, 'minHealthPercent'), message };
  }
};
