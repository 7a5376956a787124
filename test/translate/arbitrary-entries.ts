// ServiceEntries and WorkloadEntries of all sorts, good and bad, for properties of translation.
import fc from 'fast-check';
import type { JsonObject } from '../../src/lib/json.ts';
import type { SourceObject } from '../../src/model/object.ts';
import { serviceEntry, workloadEntry } from './objects.ts';

const protocol = fc.constantFrom('HTTP', 'TLS', 'TCP', 'GRPC', 'UDP', 'WRONG');
const port = fc
  .record({ number: fc.constantFrom(80, 443, 3306), name: fc.constantFrom('http', 'tls', 'x'), protocol })
  .map((each): JsonObject => each);
const labels = fc.constantFrom<JsonObject>({ version: 'v1' }, { version: 'v2' }, { version: 'v1', app: 'x' });
const address = fc.constantFrom('10.0.0.1', '10.0.0.4', 'x.example.net', 'localhost', 'unix:///x', '127.0.0.1');
const endpoint = fc
  .record({ address, labels, weight: fc.constantFrom(0, 2), serviceAccount: fc.constantFrom('x', 'y') })
  .map((each): JsonObject => each);
const locations = fc.constantFrom('MESH_EXTERNAL', 'MESH_INTERNAL');
const resolutions = fc.constantFrom('NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'DYNAMIC_DNS');
const hosts = fc.constantFrom<string[]>(
  ['api.example.com'],
  ['www.example.com', 'api.example.com'],
  ['*.example.com'],
  ['a.default.svc.cluster.local'],
);

const spec = fc.record(
  {
    hosts,
    addresses: fc.constantFrom<string[]>([], ['10.9.0.1'], ['10.8.0.0/16'], ['10.9.0.2', '10.7.0.0/16']),
    ports: fc.array(port, { maxLength: 2 }),
    location: locations,
    resolution: resolutions,
    endpoints: fc.array(endpoint, { maxLength: 2 }),
    workloadSelector: labels.map((each) => ({ labels: each })),
    exportTo: fc.constantFrom(['*'], ['.'], ['other']),
    subjectAltNames: fc.constant(['x.example.net']),
  },
  { requiredKeys: ['hosts', 'ports'] },
);

const namespace = fc.constantFrom('default', 'other');

/** One of either kind. */
export const entryObject: fc.Arbitrary<SourceObject> = fc.oneof(
  fc
    .record({ name: fc.constantFrom('e1', 'e2'), namespace, spec })
    .map((each) => serviceEntry(each.name, each.spec as unknown as JsonObject, each.namespace)),
  fc
    .record({ name: fc.constantFrom('w1', 'w2'), namespace, endpoint })
    .map((each) => workloadEntry(each.name, each.endpoint, each.namespace)),
);
