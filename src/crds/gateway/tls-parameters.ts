// What of ServerTLSSettings (networking.istio.io) the two sides of a connection agree upon.
import type { TlsParameters, TlsVersion } from '../../model/gateway.ts';
import { inside, report, type Spot } from '../values/decode.ts';
import type { TlsFields } from './tls-fields.ts';

const rank: { readonly [V in TlsVersion]: number } = { TLSv1_0: 0, TLSv1_1: 1, TLSv1_2: 2, TLSv1_3: 3 };

/** What a proxy decides itself. */
const usual: TlsParameters = { min: null, max: null, ciphers: [], curves: [] };

export function parametersOf(decoded: TlsFields, spot: Spot): TlsParameters {
  const { minProtocolVersion: min = null, maxProtocolVersion: max = null } = decoded;
  const { cipherSuites: ciphers = [], ecdhCurves: curves = [] } = decoded;
  if (min !== null && max !== null && rank[min] > rank[max]) {
    report(inside(spot, 'maxProtocolVersion'), 'SLC0107', 'is lower than minProtocolVersion, so no version is left');
  }
  if (min === null && max === null && ciphers.length + curves.length === 0) return usual;
  return { min, max, ciphers: [...new Set(ciphers)], curves: [...new Set(curves)] };
}
