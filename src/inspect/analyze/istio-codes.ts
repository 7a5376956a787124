// The codes of Istio's analysis, and what tells the same here. Source: Istio's reference "Configuration Analysis Messages".
import type { DiagnosticCode } from '../../model/diagnostic-codes.ts';

/** The codes here that cover it; or why nothing does yet, or need not. */
export type IstioCode = readonly DiagnosticCode[] | string;

const injection = 'comes with injection of sidecars';
const gatewayApi = 'comes with Gateway API';
const policies = 'comes with RequestAuthentication and with Gateway API';
const telemetry = 'comes with Telemetry';
const filters = 'comes with EnvoyFilter';
const statuses = 'need not be: no annotation that is read is about to go, or to change';
const secrets =
  'comes with Secrets; files of certificates are on the machine of the gateway, where nothing else can look';
const cluster = 'is about a cluster, and needs its API';
const foreign = 'is about a part of Istio that there is not here';

export const istioCodes: Readonly<Record<string, IstioCode>> = {
  IST0001: ['SLC0502'],
  IST0002: ['SLC0109'],
  IST0101: ['SLC0201', 'SLC0225', 'SLC0226', 'SLC0231', 'SLC0251', 'SLC0662'],
  IST0102: injection,
  IST0103: injection,
  IST0106: ['SLC0101', 'SLC0102', 'SLC0103', 'SLC0104', 'SLC0105', 'SLC0106', 'SLC0107'],
  IST0107: ['SLC0101'],
  IST0108: ['SLC0101'],
  IST0109: ['SLC0224'],
  IST0110: ['SLC0250', 'SLC0668'],
  IST0111: ['SLC0250'],
  IST0112: ['SLC0225'],
  IST0116: ['SLC0666'],
  IST0118: ['SLC0661'],
  IST0123: injection,
  IST0125: ['SLC0102', 'SLC0103', 'SLC0105', 'SLC0106'],
  IST0126: foreign,
  IST0127: ['SLC0662', 'SLC0639'],
  IST0128: ['SLC0682'],
  IST0129: ['SLC0682'],
  IST0130: ['SLC0222', 'SLC0631', 'SLC0643'],
  IST0131: ['SLC0223', 'SLC0631', 'SLC0643'],
  IST0132: ['SLC0231'],
  IST0133: ['SLC0105', 'SLC0110'],
  IST0134: ['SLC0207'],
  IST0135: statuses,
  IST0136: statuses,
  IST0137: ['SLC0666'],
  IST0138: ['SLC0684'],
  IST0139: injection,
  IST0140: 'comes with Ingress',
  IST0141: cluster,
  IST0142: cluster,
  IST0143: 'needs the addresses on which a workload listens, which no object says',
  IST0144: 'is about the user id of istio-proxy, which only matters where connections are captured by it',
  IST0145: ['SLC0230'],
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
  IST0161: secrets,
  IST0162: ['SLC0685'],
  IST0163: foreign,
  IST0164: foreign,
  IST0165: 'is about the Gateways that Istio itself makes of those of Gateway API',
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
  IST0177: ['SLC0208'],
};

/** The codes here that a word such as IST0173 or SLC0607 means; empty: none. */
export function codesMeant(word: string): readonly string[] {
  const upper = word.toUpperCase();
  const known = Object.hasOwn(istioCodes, upper) ? istioCodes[upper] : undefined;
  if (known === undefined) return [upper];
  return typeof known === 'string' ? [] : known;
}
