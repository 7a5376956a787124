// Reads the probes that injection has put into the agent's environment. A pod may have been made up by anybody.
import type { ProbeAction } from '../../crds/pod-template.ts';
import {
  boolean,
  type Decoder,
  integer,
  list,
  nonEmptyString,
  object,
  portRange,
  report,
  type Spot,
  string,
} from '../../crds/values/decode.ts';
import { isObject, type JsonValue } from '../../lib/json.ts';
import type { AppProbe } from './probes.ts';

const port = integer(portRange);
const required = ['port'] as const;
const headers = list(object({ name: nonEmptyString, value: string }, { required: ['name'] }));
const kind = { kind: string };
const http = object({ ...kind, port, path: string, tls: boolean, headers }, { required });
const tcp = object({ ...kind, port }, { required });
const grpc = object({ ...kind, port, service: string }, { required });

const actions: { readonly [K in ProbeAction['kind']]: Decoder<ProbeAction> } = {
  http: (value, spot) => {
    const found = http(value, spot);
    if (found?.port === undefined) return undefined;
    const sent = (found.headers ?? []).map(({ name = '', value: text = '' }) => ({ name, value: text }));
    return { kind: 'http', port: found.port, path: found.path ?? '/', tls: found.tls ?? false, headers: sent };
  },
  tcp: (value, spot) => {
    const found = tcp(value, spot);
    return found?.port === undefined ? undefined : { kind: 'tcp', port: found.port };
  },
  grpc: (value, spot) => {
    const found = grpc(value, spot);
    return found?.port === undefined ? undefined : { kind: 'grpc', port: found.port, service: found.service ?? '' };
  },
};

const action: Decoder<ProbeAction> = (value, spot) => {
  const word = isObject(value) ? value['kind'] : undefined;
  const decode = typeof word === 'string' && Object.hasOwn(actions, word) ? actions[word as ProbeAction['kind']] : null;
  return decode === null ? report(spot, 'SLC0103', 'is none of http, tcp, grpc') : decode(value, spot);
};

const probe = object(
  { path: nonEmptyString, action, timeoutSeconds: integer({ min: 1, max: 2_147_483_647 }) },
  { required: ['path', 'action'] },
);

/** The probes in a text of JSON; what is none is reported. */
export function readProbes(text: string, spot: Spot): readonly AppProbe[] {
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch {
    report(spot, 'SLC0105', 'is not JSON');
    return [];
  }
  return (list(probe)(value, spot) ?? []).flatMap(({ path, action: asked, timeoutSeconds = 1 }) =>
    path === undefined || asked === undefined ? [] : [{ path, action: asked, timeoutSeconds }],
  );
}
