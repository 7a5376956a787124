// IstioEgressListener of a Sidecar (networking.istio.io): the hosts that workloads may call, and by which listeners.
import type { EgressListener, HostImport } from '../../model/scope.ts';
import { type Decoder, inside, list, object, report, type Spot, string } from '../values/decode.ts';
import { hostPattern, namespaceName } from '../values/host.ts';
import { bind, captureMode, isOwnPort, listenerPort } from './listener.ts';

interface WrittenImport extends HostImport {
  readonly excluded: boolean;
}

const anyNamespace: ReadonlySet<string> = new Set(['*', '.', '~']);

function fullName(name: string, spot: Spot): string | undefined {
  const host = hostPattern(name, spot)?.toLowerCase();
  if (host === undefined || host === '*' || host.includes('.')) return host;
  return report(spot, 'SLC0105', `write the full name of the host, such as ${host}.default.svc.cluster.local`);
}

/** `namespace/host`; with `~` before the namespace it is taken out again. */
const hostImport: Decoder<WrittenImport> = (value, spot) => {
  const text = string(value, spot);
  if (text === undefined) return undefined;
  const slash = text.indexOf('/');
  if (slash < 1) return report(spot, 'SLC0105', 'is not NAMESPACE/HOST, such as ./* or istio-system/*');
  const excluded = slash > 1 && text.startsWith('~');
  const before = text.slice(excluded ? 1 : 0, slash);
  const namespace = anyNamespace.has(before) ? before : namespaceName(before, spot);
  const host = fullName(text.slice(slash + 1), spot);
  return namespace === undefined || host === undefined ? undefined : { namespace, host, excluded, origin: spot.origin };
};

/** Other entries say nothing beside one that means all hosts. */
function reportUseless(imports: readonly WrittenImport[], spot: Spot): void {
  const included = imports.filter(({ excluded }) => !excluded);
  if (included.length < 2 || !included.some(({ namespace, host }) => namespace === '*' && host === '*')) return;
  report(spot, 'SLC0110', '"*/*" means all hosts, so the other entries have no effect');
}

const hosts: Decoder<readonly WrittenImport[]> = (value, spot) => {
  const imports = list(hostImport)(value, spot) ?? [];
  if (Array.isArray(value) && value.length === 0) report(spot, 'SLC0104', 'names no host, so nothing can be called');
  reportUseless(imports, spot);
  return imports;
};

const fields = object({ port: listenerPort, bind, captureMode, hosts }, { required: ['hosts'] });

const plain = ({ namespace, host, origin }: WrittenImport): HostImport => ({ namespace, host, origin });

/** A listener whose port is wrong is none: without its port it would be the one for all others. */
export const egressListener: Decoder<EgressListener> = (value, spot) => {
  const before = spot.diagnostics.length;
  const decoded = fields(value, spot);
  if (decoded?.hosts === undefined) return undefined;
  const { port, bind: address = null, captureMode: capture = 'as-proxy' } = decoded;
  if ('port' in decoded && port === undefined) return undefined;
  if (spot.diagnostics.slice(before).some(({ path }) => path.includes('bind'))) return undefined;
  if ((capture === 'bound' || address !== null) && isOwnPort(port?.number, spot)) return undefined;
  const usable = decoded.hosts.filter(({ namespace }) => namespace !== '~');
  return {
    port: port?.number ?? null,
    protocol: port?.protocol ?? null,
    bind: address,
    capture,
    imports: usable.filter(({ excluded }) => !excluded).map(plain),
    exclusions: usable.filter(({ excluded }) => excluded).map(plain),
    origin: spot.origin,
  };
};

/** Each port once, and the listener for all others last and once. */
export function orderEgress(listeners: readonly EgressListener[], { diagnostics }: Spot): readonly EgressListener[] {
  const seen = new Map<number | null, EgressListener>();
  for (const [index, each] of listeners.entries()) {
    const spot = { origin: each.origin, diagnostics };
    if (seen.has(each.port)) {
      const what = each.port === null ? 'a listener without a port' : `a listener for port ${each.port}`;
      report(inside(spot, 'port'), 'SLC0107', `there is ${what} already; the first one is used`);
      continue;
    }
    if (each.port === null && index < listeners.length - 1) {
      report(
        spot,
        'SLC0110',
        'the listener without a port belongs at the end; it is for the ports of no other listener',
      );
    }
    seen.set(each.port, each);
  }
  const kept = [...seen.values()];
  return [...kept.filter(({ port }) => port !== null), ...kept.filter(({ port }) => port === null)];
}
