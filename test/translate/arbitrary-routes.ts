// VirtualServices as the property test writes them: short, and often about the same hosts.
import fc from 'fast-check';
import type { JsonObject } from '../../src/lib/json.ts';
import { namedGateways } from './gateway-objects.ts';

export const exportTo = fc.constantFrom(['*'], ['.'], ['other']);

const destination = fc.constantFrom<JsonObject>(
  { host: 'a' },
  { host: 'a', subset: 'v1' },
  { host: 'b', port: { number: 80 } },
  { host: 'a.default.svc.cluster.local', subset: 'v2' },
  { host: 'api.example.com' },
);
const match = fc.constantFrom<JsonObject>(
  { uri: { prefix: '/x' } },
  { uri: { prefix: '/' } },
  { headers: { x: { exact: '1' } }, port: 80 },
  { sourceNamespace: 'other' },
  { sourceLabels: { version: 'v1' } },
  { uri: { regex: '(' } },
);
const action = fc.oneof(
  destination.map((each): JsonObject => ({ route: [{ destination: each }] })),
  fc.tuple(destination, destination, destination).map(([first, second, mirror]): JsonObject => {
    const route = [
      { destination: first, weight: 1 },
      { destination: second, weight: 3 },
    ];
    return { route, mirror, timeout: '1s' };
  }),
  fc.constantFrom<JsonObject>(
    { redirect: { authority: 'x' } },
    { directResponse: { status: 404 } },
    { delegate: { name: 'v3' } },
    {},
  ),
);
const httpRoute = fc.tuple(fc.option(fc.array(match, { maxLength: 2 })), action).map(([matches, rest]): JsonObject => {
  return { ...rest, ...(matches !== null && { match: matches }) };
});
const connectionMatch = fc.constantFrom<JsonObject>(
  { sourceSubnet: '10.0.0.0/8' },
  { destinationSubnets: ['10.9.0.1'], port: 3306 },
  { sourceLabels: { version: 'v2' } },
  { destinationSubnets: ['x'] },
);
const connectionRoute = fc
  .tuple(fc.option(fc.array(connectionMatch, { maxLength: 2 })), destination)
  .map(([matches, each]): JsonObject => {
    return { route: [{ destination: each }], ...(matches !== null && { match: matches }) };
  });
export const routed = fc.record({
  hosts: fc.constantFrom<string[]>(
    ['a'],
    ['a', 'www.example.com'],
    ['api.example.com'],
    ['*.default.svc.cluster.local'],
    [],
  ),
  gateways: namedGateways,
  exportTo,
  http: fc.array(httpRoute, { maxLength: 3 }),
  tcp: fc.array(connectionRoute, { maxLength: 2 }),
}) as fc.Arbitrary<JsonObject>;
