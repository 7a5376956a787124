// Settings that are lost where another block, or a rule for a more specific host, takes the place of the rest.
import type { DestinationRule } from '../../../crds/destination-rule/destination-rule.ts';
import type { PortBlocks, TrafficPolicy } from '../../../crds/destination-rule/traffic-policy.ts';
import type { ConnectionPool } from '../../../model/connection-pool.ts';
import { rootNamespace } from '../../../model/names.ts';
import { describeObject } from '../../../model/object.ts';
import { at, type Origin } from '../../../model/origin.ts';
import type { OutlierDetection } from '../../../model/outlier-detection.ts';
import { patternsOf } from '../../../translate/resolve/policies.ts';
import type { Finder, Found } from '../facts.ts';

const portBlocks = ['loadBalancer', 'connectionPool', 'outlierDetection', 'tls'] as const;
/** What a port cannot have of its own. */
const wholeBlocks = ['proxyProtocol', 'retryBudget'] as const;

function* ofPorts(policy: TrafficPolicy, around: PortBlocks | null): Iterable<Found> {
  for (const [port, level] of policy.ports) {
    const lost = portBlocks.filter(
      (block) => level[block] === null && (policy[block] ?? around?.[block] ?? null) !== null,
    );
    // A subset keeps these two of the policy around it, the policy itself does not.
    const whole = around === null ? wholeBlocks.filter((block) => policy[block] !== null) : [];
    const origin = policy.portOrigins.get(port);
    const names = [...lost, ...whole].join(', ');
    if (names === '' || origin === undefined) continue;
    yield { origin, message: `port ${port} does not have ${names} of the settings above, but the defaults` };
  }
}

export const replacedByPorts: Finder = function* ({ typed }) {
  for (const { policy, subsets } of typed.rules) {
    if (policy !== null) yield* ofPorts(policy, null);
    for (const subset of subsets) yield* ofPorts(subset.policy, policy ?? subset.policy);
  }
};

function isSeenTogether(narrow: DestinationRule, wide: DestinationRule): boolean {
  const near = wide.namespace === narrow.namespace || wide.namespace === rootNamespace;
  return near && (wide.exportTo.has('*') || wide.exportTo.has(narrow.namespace));
}

const allBlocks = [...portBlocks, ...wholeBlocks, 'tunnel'] as const;

export const replacedByRules: Finder = function* ({ typed, covered }) {
  const byHost = Map.groupBy(typed.rules, ({ host }) => host);
  const wildcards = byHost.keys().some((host) => host.startsWith('*'));
  for (const rule of wildcards ? typed.rules : []) {
    const host = rule.host.startsWith('*.') ? rule.host.slice(2) : rule.host;
    const wider = patternsOf(host).filter((pattern) => pattern.startsWith('*') && pattern !== rule.host);
    for (const wide of wider.flatMap((pattern) => byHost.get(pattern) ?? [])) {
      if (!isSeenTogether(rule, wide) || covered(rule.host).length === 0) continue;
      const lost = allBlocks.filter(
        (block) => (wide.policy?.[block] ?? null) !== null && (rule.policy?.[block] ?? null) === null,
      );
      if (lost.length === 0) continue;
      const message = `${lost.join(', ')} of ${describeObject(wide.origin.object)} (${wide.host}) does not hold for ${rule.host}: this rule counts alone`;
      yield { origin: at(rule.origin, 'spec', 'host'), message };
    }
  }
};

type Fields<B> = { readonly [F in keyof Omit<B, 'origin'>]: string | null };

/** What each field is written as; null: nothing, or it says something in any case. */
const poolFields: Fields<ConnectionPool> = {
  maxConnections: 'tcp.maxConnections',
  connectTimeout: 'tcp.connectTimeout',
  keepalive: 'tcp.tcpKeepalive',
  maxConnectionDuration: 'tcp.maxConnectionDuration',
  tcpIdleTimeout: 'tcp.idleTimeout',
  maxPendingRequests: 'http.http1MaxPendingRequests',
  maxRequests: 'http.http2MaxRequests',
  maxRequestsPerConnection: 'http.maxRequestsPerConnection',
  maxRetries: 'http.maxRetries',
  httpIdleTimeout: 'http.idleTimeout',
  upgrade: null,
  maxConcurrentStreams: 'http.maxConcurrentStreams',
  http2Keepalive: 'http.http2KeepAlive',
};
const detectionFields: Fields<OutlierDetection> = {
  consecutive5xx: 'consecutive5xxErrors',
  consecutiveGatewayErrors: 'consecutiveGatewayErrors',
  localErrors: 'splitExternalLocalOriginErrors',
  interval: 'interval',
  baseEjectionTime: 'baseEjectionTime',
  maxEjectionPercent: 'maxEjectionPercent',
  minHealthPercent: null,
  errorCodes: null,
};

function* lostFields<B extends { readonly origin: Origin }>(
  above: B | null,
  own: B | null,
  fields: Fields<B>,
): Iterable<Found> {
  if (above === null || own === null || above === own) return;
  const lost = Object.entries<string | null>(fields).flatMap(([field, written]) => {
    const key = field as keyof B;
    return written !== null && above[key] !== null && own[key] === null ? [written] : [];
  });
  if (lost.length === 0) return;
  yield { origin: own.origin, message: `${lost.join(', ')} of the block above does not hold for this subset` };
}

export const replacedBySubsets: Finder = function* ({ typed }) {
  for (const { policy, subsets } of typed.rules) {
    for (const { policy: own } of policy === null ? [] : subsets) {
      yield* lostFields(policy?.connectionPool ?? null, own.connectionPool, poolFields);
      yield* lostFields(policy?.outlierDetection ?? null, own.outlierDetection, detectionFields);
    }
  }
};
