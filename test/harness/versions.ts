// A shop of two versions on three backends, and the VirtualServices that share its requests out.
import { type IncomingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { stringify } from 'yaml';
import type { JsonObject } from '../../src/lib/json.ts';
import type { Files, TestMesh } from './mesh.ts';
import { addresses, backend, type ShopPort, shop } from './shop.ts';

const hosts = addresses(3);
/** By the names under which they answer: two of version v1, and the one of v2. */
export const [first = '', second = '', canary = ''] = hosts.map(backend);
const versions = ['v1', 'v1', 'v2'];

function object(kind: string, apiVersion: string, name: string, body: JsonObject): string {
  return stringify({ apiVersion, kind, metadata: { name }, ...body });
}

const istio = 'networking.istio.io/v1';
/** Everything but routes. */
export const versionsOf = (port: ShopPort): Files => ({
  ...shop(hosts, null, port),
  // In the place of the endpoints without Pods.
  'endpoints.yaml': stringify({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'shop', labels: { 'kubernetes.io/service-name': 'shop' } },
    addressType: 'IPv4',
    ports: [{ name: port.name, port: 28080 }],
    endpoints: hosts.map((host, index) => ({ addresses: [host], targetRef: { kind: 'Pod', name: `shop-${index}` } })),
  }),
  ...Object.fromEntries(
    versions.map((version, index) => {
      const metadata = { name: `shop-${index}`, labels: { version } };
      return [`pod-${index}.yaml`, stringify({ apiVersion: 'v1', kind: 'Pod', metadata })];
    }),
  ),
  'subsets.yaml': object('DestinationRule', istio, 'shop', {
    spec: {
      host: 'shop',
      trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN' } },
      subsets: ['v1', 'v2'].map((version) => ({ name: version, labels: { version } })),
    },
  }),
});

export const versionsOfShop = versionsOf({ name: 'http', number: 80 });

/** The VirtualService of the shop. */
export const ruleWith = (routes: JsonObject): Files => ({
  'routes.yaml': object('VirtualService', istio, 'shop', { spec: { hosts: ['shop'], ...routes } }),
});

/** The same with routes of HTTP. */
export const rule = (...http: readonly JsonObject[]): Files => ruleWith({ http });
/** A destination of a route. */
export const to = (subset: string, weight?: number): JsonObject => ({
  destination: { host: 'shop', subset },
  ...(weight !== undefined && { weight }),
});
interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request to the shop, whatever comes back. */
export function ask(mesh: TestMesh, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
  const { address: host, port } = mesh.target('shop:80').listens;
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, path, agent: false, headers: { host: 'shop', ...headers } }, (response) => {
      const reply = (body: string) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      text(response).then((body) => reply(body.trim()), reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}
