// The rules by which the kernel hands a workload's connections to its sidecar, as libnftables-json(5) has them: data, so that
// nothing in it can be read as anything else.
import type { JsonObject, JsonValue } from '../../lib/json.ts';
import { proxyUser } from '../../model/names.ts';
import type { CaptureSettings } from '../../model/sidecar-settings.ts';
import { agentPort, inboundPort, metricsPort, outboundPort, readinessPort } from '../pod/ports.ts';

const family = 'inet';
const table = 'sluice-sidecar';

/** From these addresses Envoy calls the workload; such connections are at their end. */
const inboundSource = { ip: '127.0.0.6', ip6: '::6' } as const;
const loopback = { ip: '127.0.0.0/8', ip6: '::1/128' } as const;

const matching = (left: JsonObject, right: JsonValue, op: '==' | '!=' = '=='): JsonObject => ({
  match: { op, left, right },
});
const meta = (key: string): JsonObject => ({ meta: { key } });
const payload = (protocol: string, field: string): JsonObject => ({ payload: { protocol, field } });

const accept: JsonObject = { accept: null };
const redirect = (port: number): JsonObject => ({ redirect: { port } });
const tcp = matching(meta('l4proto'), 'tcp');
const toPorts = (ports: readonly number[]): JsonObject =>
  matching(payload('tcp', 'dport'), { set: [...new Set(ports)].sort((a, b) => a - b) });

function inRange(field: 'daddr' | 'saddr', range: string, op?: '!='): JsonObject {
  const [addr = '', length = ''] = range.split('/');
  const protocol = addr.includes(':') ? 'ip6' : 'ip';
  return matching(payload(protocol, field), { prefix: { addr, len: Number(length) } }, op);
}

type Rule = readonly JsonObject[];

const unlessNone = (ports: readonly number[], rule: (match: JsonObject) => Rule): readonly Rule[] =>
  ports.length === 0 ? [] : [rule(toPorts(ports))];

/** What Envoy and its agent send: out, but for a call of the workload's own address, which comes in as any other does. */
const ownConnections: readonly Rule[] = [
  ...(['ip', 'ip6'] as const).flatMap((version) => [
    [matching(meta('oifname'), 'lo'), matching(payload(version, 'saddr'), inboundSource[version]), accept],
    [
      matching(meta('oifname'), 'lo'),
      matching(meta('skuid'), proxyUser),
      inRange('daddr', loopback[version], '!='),
      tcp,
      redirect(inboundPort),
    ],
  ]),
  [matching(meta('skuid'), proxyUser), accept],
  [matching(meta('skgid'), proxyUser), accept],
];

function outbound(capture: CaptureSettings): readonly Rule[] {
  const { includeOutboundRanges: included } = capture;
  return [
    ...ownConnections,
    [inRange('daddr', loopback.ip), accept],
    [inRange('daddr', loopback.ip6), accept],
    ...unlessNone(capture.excludeOutboundPorts, (ports) => [ports, accept]),
    ...capture.excludeOutboundRanges.map((range) => [inRange('daddr', range), accept]),
    ...unlessNone(capture.includeOutboundPorts, (ports) => [ports, redirect(outboundPort)]),
    ...(included === '*'
      ? [[tcp, redirect(outboundPort)]]
      : included.map((range) => [inRange('daddr', range), tcp, redirect(outboundPort)])),
  ];
}

function inbound(capture: CaptureSettings): readonly Rule[] {
  const { includeInboundPorts: included } = capture;
  const free = [agentPort, readinessPort, metricsPort, ...capture.excludeInboundPorts];
  return [
    [toPorts(free), accept],
    ...(included === '*'
      ? [[tcp, redirect(inboundPort)]]
      : unlessNone(included, (ports) => [ports, redirect(inboundPort)])),
  ];
}

const fromInterfaces = (names: readonly string[], key: 'iifname' | 'oifname'): readonly Rule[] =>
  names.map((name) => [matching(meta(key), name), accept]);

const chain = (name: string, hook: string, rules: readonly Rule[]): readonly JsonObject[] => [
  { add: { chain: { family, table, name, type: 'nat', hook, prio: -100, policy: 'accept' } } },
  ...rules.map((expr) => ({ add: { rule: { family, table, chain: name, expr: [...expr] } } })),
];

/** The whole ruleset, which takes the place of an earlier one: applied twice it is as applied once. */
export function captureRules(capture: CaptureSettings): JsonObject {
  const { excludeInterfaces } = capture;
  return {
    nftables: [
      { add: { table: { family, name: table } } },
      { delete: { table: { family, name: table } } },
      { add: { table: { family, name: table } } },
      ...chain('output', 'output', [...fromInterfaces(excludeInterfaces, 'oifname'), ...outbound(capture)]),
      ...chain('prerouting', 'prerouting', [...fromInterfaces(excludeInterfaces, 'iifname'), ...inbound(capture)]),
    ],
  };
}
