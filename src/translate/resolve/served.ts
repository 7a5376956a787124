// What each workload serves, by its address. Kept from mesh to mesh: a changed service costs what it touches.
import { differingKeys } from '../../lib/tracked-calls.ts';
import type { ServiceEndpoints } from '../../model/endpoint.ts';
import type { Mesh, Served, ServedPort } from '../../model/mesh.ts';
import { usualMutualTls } from '../../model/peer-authentication.ts';
import { isProxied, type Service } from '../../model/service.ts';

type Ports = ReadonlyMap<string, readonly ServedPort[]>;

interface Index {
  readonly services: Mesh['services'];
  readonly endpoints: Mesh['endpoints'];
  readonly all: Ports;
  /** Of these addresses, what is served now; the rest is as in `all`. */
  readonly since: Ports;
}

/** With so many addresses changed, or services at once, all is put together anew. */
const mostChanges = 1000;
/** So many ports are compared; an address may serve very many services. */
const mostWork = 50_000;

/** Looks up one mesh after the other; what did not change is the same list as for the last one. */
export class ServedIndex {
  #last: Index | undefined;

  of(services: Mesh['services'], endpoints: Mesh['endpoints']): Served {
    const last = this.#last;
    const current = (last && follow(last, services, endpoints)) ?? build(services, endpoints);
    this.#last = current;
    return { get: (address) => at(current, address) };
  }
}

const nothing: readonly ServedPort[] = [];

const at = ({ all, since }: Index, address: string): readonly ServedPort[] =>
  since.get(address) ?? all.get(address) ?? nothing;

function build(services: Mesh['services'], endpoints: Mesh['endpoints']): Index {
  const all = new Map<string, ServedPort[]>();
  /** The lists with one port alone, which all its addresses share; most addresses serve one. */
  const alone = new Map<ServedPort, ServedPort[]>();
  for (const service of services.values()) {
    for (const [address, port] of servedBy(service, endpoints.get(service.host))) {
      const known = all.get(address);
      if (known !== undefined && known.length > 1) known.push(port);
      else if (known !== undefined) all.set(address, [...known, port]);
      else {
        const list = alone.get(port) ?? [port];
        alone.set(port, list);
        all.set(address, list);
      }
    }
  }
  return { services, endpoints, all, since: new Map() };
}

/** The index for a mesh that differs a little from the last one; null: it differs in much. */
function follow(last: Index, services: Mesh['services'], endpoints: Mesh['endpoints']): Index | null {
  const hosts = differing(last, services, endpoints);
  if (hosts.length === 0) return { ...last, services, endpoints };
  if (hosts.length > mostChanges) return null;
  const since = new Map(last.since);
  const lookup = { ...last, since };
  let work = 0;
  for (const host of hosts) {
    const before = servedBy(last.services.get(host), last.endpoints.get(host));
    const after = servedBy(services.get(host), endpoints.get(host));
    const own = Map.groupBy(after, ([address]) => address);
    for (const address of new Set([...before, ...after].map(([each]) => each))) {
      const known = at(lookup, address);
      work += known.length;
      const others = known.filter((port) => port.host !== host);
      const ports = [...others, ...(own.get(address) ?? []).map(([, port]) => port)];
      if (!sameText(ports, known)) since.set(address, ports);
    }
    if (since.size > mostChanges || work > mostWork) return null;
  }
  return { services, endpoints, all: last.all, since };
}

function differing(last: Index, services: Mesh['services'], endpoints: Mesh['endpoints']): readonly string[] {
  const hosts = [...differingKeys(last.services, services), ...differingKeys(last.endpoints, endpoints)];
  return [...new Set(hosts)];
}

const sameText = (a: readonly ServedPort[], b: readonly ServedPort[]): boolean =>
  a.length === b.length && JSON.stringify(a) === JSON.stringify(b);

function servedBy(
  service: Service | undefined,
  endpoints: ServiceEndpoints | undefined,
): readonly (readonly [string, ServedPort])[] {
  if (service === undefined) return [];
  const ports = service.ports.filter(({ protocol }) => isProxied(protocol));
  const { name, namespace, host, origin } = service;
  const { object } = origin;
  return ports.flatMap(({ name: portName, number, protocol }) => {
    const byTarget = new Map<number, ServedPort>();
    return (endpoints?.get(portName) ?? []).map(({ address, port: targetPort }) => {
      const port = byTarget.get(targetPort) ?? {
        ...{ name, namespace, host, port: number, protocol, targetPort, object },
        mutualTls: usualMutualTls,
      };
      byTarget.set(targetPort, port);
      return [address, port] as const;
    });
  });
}
