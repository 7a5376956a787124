// Members of a service → endpoints of its ports.
import type { Service } from '../../crds/service.ts';
import type { Member, MemberAddress } from '../../crds/values/member.ts';
import { byText } from '../../lib/sorted.ts';
import { type Diagnostic, diagnose, type Outcome } from '../../model/diagnostic.ts';
import type { Endpoint, ServiceEndpoints } from '../../model/endpoint.ts';
import { isNamed, isProxied, type ServicePort } from '../../model/service.ts';
import { refusal } from './refusal.ts';

/** An endpoint, and the name of the service port that it serves. */
export interface Serving {
  readonly port: string;
  readonly endpoint: Endpoint;
}

const localName = 'localhost';

type Reason<K extends MemberAddress['kind']> = (
  address: Extract<MemberAddress, { readonly kind: K }>,
  allowLoopback: boolean,
) => string | null;

/** Why an address may not be an endpoint, whatever it is of; null: it may. */
const reasons: { readonly [K in MemberAddress['kind']]: Reason<K> } = {
  ip: ({ ip }, allowLoopback) => refusal(ip, allowLoopback),
  name: ({ name }, allowLoopback) => {
    const bare = name.endsWith('.') ? name.slice(0, -1) : name;
    const local = bare === localName || bare.endsWith(`.${localName}`);
    return local && !allowLoopback ? 'is the proxy itself (--allow-loopback-endpoints lets it through)' : null;
  },
  socket: (_, allowLoopback) =>
    allowLoopback ? null : 'is a socket on the proxy itself (--allow-loopback-endpoints lets it through)',
};

function textOf(address: MemberAddress): string {
  if (address.kind === 'ip') return address.ip;
  return address.kind === 'name' ? address.name : address.path;
}

/** Why a member is left out; null: it is not. */
function problem({ address, origin }: Member, service: Service, allowLoopback: boolean): Diagnostic | null {
  const named = isNamed(service.resolution);
  if (named ? address.kind === 'socket' : address.kind === 'name') {
    const wanted = named ? 'a name or an IP address' : 'an IP address';
    return diagnose(
      'SLC0302',
      origin,
      `${textOf(address)} cannot be an endpoint of ${service.host}, which needs ${wanted}`,
    );
  }
  const reason = (reasons[address.kind] as Reason<MemberAddress['kind']>)(address as never, allowLoopback);
  return reason === null ? null : diagnose('SLC0301', origin, `${textOf(address)} ${reason}`);
}

/** The number that a port has there; null: the member does not serve it. */
function portOf({ address, ports }: Member, { name, targetPort }: ServicePort): number | null {
  if (address.kind === 'socket') return 0;
  const own = ports.get(name) ?? (typeof targetPort === 'string' ? ports.get(targetPort) : targetPort);
  return own ?? null;
}

function endpointAt({ address, healthy, ...rest }: Member, port: number, service: Service): Endpoint {
  const { locality, labels, node, instance, serviceAccount, weight } = rest;
  const text = textOf(address);
  const counted = healthy || service.publishNotReady;
  return { address: text, port, healthy: counted, locality, labels, node, instance, serviceAccount, weight };
}

/** What the members of a service come to, in their order. */
export function servingOf(
  service: Service,
  members: readonly Member[],
  allowLoopback: boolean,
): Outcome<readonly Serving[]> {
  const diagnostics: Diagnostic[] = [];
  const ports = service.ports.filter(({ protocol }) => isProxied(protocol));
  const value = members.flatMap((member) => {
    const wrong = problem(member, service, allowLoopback);
    if (wrong !== null) diagnostics.push(wrong);
    if (wrong !== null) return [];
    return ports.flatMap((port): readonly Serving[] => {
      const number = portOf(member, port);
      return number === null ? [] : [{ port: port.name, endpoint: endpointAt(member, number, service) }];
    });
  });
  return { value, diagnostics };
}

type Collected = Map<string, Map<string, Endpoint>>;

/** Each address and port counts once: of equal ones the first that is good. */
export function collect(into: Collected, port: string, endpoint: Endpoint): void {
  const ofPort = into.get(port) ?? new Map<string, Endpoint>();
  into.set(port, ofPort);
  const key = `${endpoint.address} ${endpoint.port}`;
  if (!ofPort.get(key)?.healthy) ofPort.set(key, endpoint);
}

/** What was collected, in an order of its own. */
export function sortedEndpoints(collected: Collected): ServiceEndpoints {
  return new Map([...collected].map(([name, endpoints]) => [name, sorted(endpoints)] as const));
}

/** Endpoints by the port that they serve. */
export function byPort(serving: readonly Serving[]): ServiceEndpoints {
  const collected: Collected = new Map();
  for (const { port, endpoint } of serving) collect(collected, port, endpoint);
  return sortedEndpoints(collected);
}

function sorted(endpoints: ReadonlyMap<string, Endpoint>): readonly Endpoint[] {
  return [...endpoints].sort(([a], [b]) => byText(a, b)).map(([, endpoint]) => endpoint);
}
