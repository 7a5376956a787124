// PeerAuthentication (security.istio.io): whether workloads answer callers by mutual TLS alone.
import { isObject } from '../../lib/json.ts';
import type { MutualTlsMode, PeerAuthentication } from '../../model/peer-authentication.ts';
import { type Decoder, ignored, inside, object, oneOf, portRange, report, type Spot } from '../values/decode.ts';
import { kind } from '../values/kind.ts';
import { chosenBy, hasFields, workloadSelector } from './selector.ts';

type Mode = MutualTlsMode | null;

const mtlsFields = object({
  mode: oneOf<Mode>({ UNSET: null, DISABLE: 'disable', PERMISSIVE: 'permissive', STRICT: 'strict' }),
});

/** What cannot be read was meant to protect something: it counts as STRICT. */
const mtls: Decoder<Mode> = (value, spot) => {
  const decoded = mtlsFields(value, spot);
  if (decoded === undefined) return 'strict';
  const { mode } = decoded;
  return mode === undefined ? (hasFields(value) ? 'strict' : null) : mode;
};

const ports: Decoder<ReadonlyMap<number, Mode>> = (value, spot) => {
  const byPort = new Map<number, Mode>();
  if (!isObject(value)) {
    object({})(value, spot);
    return byPort;
  }
  for (const [key, each] of Object.entries(value)) {
    const here = inside(spot, key);
    const port = /^\d{1,5}$/.test(key) ? Number(key) : 0;
    if (port < portRange.min || port > portRange.max) report(here, 'SLC0105', `"${key.slice(0, 20)}" is not a port`);
    else if (each !== null) byPort.set(port, mtls(each, here) ?? null);
  }
  return byPort;
};

const spec = object({ selector: workloadSelector, mtls, portLevelMtls: ports });
const noPorts: ReadonlyMap<number, Mode> = new Map();

/** Istio reads ports where labels choose the workloads, and nowhere else; so do we. */
function portsOf(chosen: boolean, decoded: ReadonlyMap<number, Mode>, spot: Spot): ReadonlyMap<number, Mode> {
  if (chosen || decoded.size === 0) return decoded;
  report(inside(spot, 'spec', 'portLevelMtls'), 'SLC0110', 'ports count only beside a selector');
  return noPorts;
}

export const peerAuthenticationKind = kind(
  {
    group: 'security.istio.io',
    kind: 'PeerAuthentication',
    versions: ['v1', 'v1beta1'],
    body: { spec, status: ignored },
  },
  ({ id, namespace, name, created }, body, spot): PeerAuthentication => {
    const selector = chosenBy(body.spec?.selector);
    // A spec that is no object at all.
    const unread = 'spec' in body && body.spec === undefined;
    return {
      ...{ object: id, namespace, name, created, selector },
      mode: unread ? 'strict' : (body.spec?.mtls ?? null),
      ports: portsOf(selector !== null, body.spec?.portLevelMtls ?? noPorts, spot),
    };
  },
);
