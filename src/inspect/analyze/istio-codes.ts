// The codes of Istio's analysis, and what tells the same here. Source: Istio's reference "Configuration Analysis Messages".
import type { DiagnosticCode } from '../../model/diagnostic-codes.ts';

/** The codes here that cover it; or why nothing does yet, or need not. */
export type IstioCode = readonly DiagnosticCode[] | string;

const injection = 'comes with injection of sidecars';
const gateways = 'comes with Gateways';
const gatewayApi = 'comes with Gateway API';
const policies = 'comes with the kinds of security';
const telemetry = 'comes with Telemetry';
const filters = 'comes with EnvoyFilter';
const sidecars = 'comes with the kind Sidecar';
const entries = 'comes with ServiceEntry';
const annotations = 'comes with the list of annotations';
const cluster = 'is about a cluster, and needs its API';
const foreign = 'is about a part of Istio that there is not here';

export const istioCodes: Readonly<Record<string, IstioCode>> = {
  IST0001: ['SLC0502'],
  IST0002: ['SLC0109'],
  IST0101: ['SLC0201', 'SLC0225', 'SLC0226'],
  IST0102: injection,
  IST0103: injection,
  IST0106: ['SLC0101', 'SLC0102', 'SLC0103', 'SLC0104', 'SLC0105', 'SLC0106', 'SLC0107'],
  IST0107: annotations,
  IST0108: annotations,
  IST0109: ['SLC0224'],
  IST0110: sidecars,
  IST0111: sidecars,
  IST0112: ['SLC0225'],
  IST0116: ['SLC0666'],
  IST0118: ['SLC0661'],
  IST0123: injection,
  IST0125: annotations,
  IST0126: foreign,
  IST0127: ['SLC0662', 'SLC0639'],
  IST0128: ['SLC0682'],
  IST0129: ['SLC0682'],
  IST0130: ['SLC0222', 'SLC0631'],
  IST0131: ['SLC0223', 'SLC0631'],
  IST0132: gateways,
  IST0133: ['SLC0105', 'SLC0110'],
  IST0134: entries,
  IST0135: annotations,
  IST0136: annotations,
  IST0137: ['SLC0666'],
  IST0138: gateways,
  IST0139: injection,
  IST0140: 'comes with Ingress',
  IST0141: cluster,
  IST0142: cluster,
  IST0143: 'needs the addresses on which a workload listens, which no object says',
  IST0144: 'is about the user id of istio-proxy, which only matters where connections are captured by it',
  IST0145: gateways,
  IST0146: injection,
  IST0147: injection,
  IST0148: injection,
  IST0149: policies,
  IST0150: 'need not be: another name of a service has the ports of that service here',
  IST0151: filters,
  IST0152: filters,
  IST0153: filters,
  IST0154: filters,
  IST0155: filters,
  IST0156: gatewayApi,
  IST0157: telemetry,
  IST0158: injection,
  IST0159: telemetry,
  IST0160: telemetry,
  IST0161: gateways,
  IST0162: gateways,
  IST0163: foreign,
  IST0164: foreign,
  IST0165: gateways,
  IST0166: policies,
  IST0167: policies,
  IST0168: foreign,
  IST0169: foreign,
  IST0170: 'comes with several clusters',
  IST0171: gatewayApi,
  IST0172: gatewayApi,
  IST0173: ['SLC0607'],
  IST0174: ['SLC0201'],
  IST0175: policies,
  IST0176: gatewayApi,
  IST0177: entries,
};

/** The codes here that a word such as IST0173 or SLC0607 means; empty: none. */
export function codesMeant(word: string): readonly string[] {
  const upper = word.toUpperCase();
  const known = Object.hasOwn(istioCodes, upper) ? istioCodes[upper] : undefined;
  if (known === undefined) return [upper];
  return typeof known === 'string' ? [] : known;
}
