// ServerTLSSettings of a Gateway (networking.istio.io): how clients' connections are encrypted, and whom they may come from.
//
// Invariant: settings that cannot be used never become weaker ones. They refuse the connections.

import { isObject } from '../../lib/json.ts';
import type { CertificateFiles } from '../../model/client-tls.ts';
import type { DiagnosticCode } from '../../model/diagnostic-codes.ts';
import type { ClientCheck, ServerTls, TlsParameters } from '../../model/gateway.ts';
import { type Decoder, inside, report, type Spot } from '../values/decode.ts';
import { type TlsFields, type TlsMode, tlsFields, unsupportedCredentials } from './tls-fields.ts';
import { parametersOf } from './tls-parameters.ts';

const parameterFields = ['minProtocolVersion', 'maxProtocolVersion', 'cipherSuites', 'ecdhCurves'] as const;
const certificateFields = ['serverCertificate', 'privateKey', 'tlsCertificates'] as const;
const checkFields = [
  ...(['caCertificates', 'caCrl', 'subjectAltNames', 'verifyCertificateSpki'] as const),
  'verifyCertificateHash',
] as const;

/** The fields that a mode makes nothing of. */
const useless: { readonly [M in TlsMode]: readonly (keyof TlsFields)[] } = {
  PASSTHROUGH: [...certificateFields, ...checkFields, ...parameterFields, ...unsupportedCredentials],
  AUTO_PASSTHROUGH: [...certificateFields, ...checkFields, ...parameterFields, ...unsupportedCredentials],
  SIMPLE: checkFields,
  MUTUAL: [],
  OPTIONAL_MUTUAL: [],
  ISTIO_MUTUAL: [...certificateFields, ...checkFields, ...unsupportedCredentials],
};

/** What is said of settings that can be used all the same. */
const harmless: ReadonlySet<DiagnosticCode> = new Set(['SLC0109', 'SLC0110']);

function certificatesOf(decoded: TlsFields, spot: Spot): readonly CertificateFiles[] {
  const { serverCertificate: chain, privateKey: key, tlsCertificates = [] } = decoded;
  if (tlsCertificates.length > 0) {
    const second = chain !== undefined || key !== undefined;
    if (second)
      report(inside(spot, 'tlsCertificates'), 'SLC0107', 'a serverCertificate is set as well; only one may be');
    return tlsCertificates.length <= 2
      ? tlsCertificates
      : (report(inside(spot, 'tlsCertificates'), 'SLC0105', 'at most two are possible, for two kinds of keys') ?? []);
  }
  if (chain !== undefined && key !== undefined) return [{ chain, key }];
  const missing = chain === undefined ? 'serverCertificate' : 'privateKey';
  report(spot, 'SLC0104', `the field "${missing}" is required with mode ${decoded.mode ?? 'SIMPLE'}`);
  return [];
}

function clientsOf(decoded: TlsFields, optional: boolean, spot: Spot): ClientCheck | null {
  const { caCertificates: authorities, caCrl: revoked = null, subjectAltNames: names = [] } = decoded;
  if (authorities === undefined) {
    return report(spot, 'SLC0104', `the field "caCertificates" is required with mode ${decoded.mode}`) ?? null;
  }
  const { verifyCertificateSpki: keys = [], verifyCertificateHash: hashes = [] } = decoded;
  return { authorities, revoked, names, keys, hashes, optional };
}

type Maker = (decoded: TlsFields, parameters: TlsParameters, spot: Spot) => ServerTls | undefined;

const terminate =
  (clients: (decoded: TlsFields, spot: Spot) => ClientCheck | null): Maker =>
  (decoded, parameters, spot) => {
    const named = unsupportedCredentials.filter((name) => decoded[name] !== undefined);
    for (const name of named) {
      const message = 'Secrets: not supported yet; write serverCertificate, privateKey and caCertificates';
      report(inside(spot, name), 'SLC0108', message);
    }
    if (named.length > 0) return undefined;
    const certificates = certificatesOf(decoded, spot);
    return { kind: 'terminate', certificates, clients: clients(decoded, spot), parameters, origin: spot.origin };
  };

const makers: { readonly [M in TlsMode]: Maker } = {
  PASSTHROUGH: (_, __, { origin }) => ({ kind: 'passthrough', origin }),
  AUTO_PASSTHROUGH: (_, __, spot) =>
    report(
      inside(spot, 'mode'),
      'SLC0108',
      'AUTO_PASSTHROUGH: not supported yet; name the services in a VirtualService',
    ),
  SIMPLE: terminate(() => null),
  MUTUAL: terminate((decoded, spot) => clientsOf(decoded, false, spot)),
  OPTIONAL_MUTUAL: terminate((decoded, spot) => clientsOf(decoded, true, spot)),
  ISTIO_MUTUAL: (_, parameters, { origin }) => ({ kind: 'mesh', parameters, origin }),
};

function settingsOf(decoded: TlsFields, spot: Spot): ServerTls | undefined {
  const isSet = (name: keyof TlsFields): boolean => decoded[name] !== undefined;
  if (decoded.mode === undefined && useless.PASSTHROUGH.some(isSet)) {
    return report(spot, 'SLC0104', 'the field "mode" is required: without it connections would be passed through');
  }
  if (decoded.insecureSkipVerify === true) {
    const message = 'clients are verified, or asked for no certificate at all';
    report(inside(spot, 'insecureSkipVerify'), 'SLC0110', message);
  }
  const mode = decoded.mode ?? 'PASSTHROUGH';
  for (const name of useless[mode].filter(isSet)) {
    report(inside(spot, name), 'SLC0110', `has no effect with mode ${mode}`);
  }
  return makers[mode](decoded, parametersOf(decoded, spot), spot);
}

/** What `tls` says besides: a redirect is for servers in the clear. */
export interface DecodedTls {
  readonly settings: ServerTls;
  readonly httpsRedirect: boolean;
  /** Whether there is nothing in it but the redirect. */
  readonly redirectsOnly: boolean;
}

/** The settings of `tls`. Never undefined: what cannot be used is refused. */
export const serverTls: Decoder<DecodedTls> = (value, spot) => {
  const before = spot.diagnostics.length;
  const decoded = tlsFields(value, spot);
  const keys = isObject(value) ? Object.keys(value).filter((key) => value[key] !== null) : [];
  const httpsRedirect = decoded?.httpsRedirect ?? false;
  const redirectsOnly = httpsRedirect && keys.every((key) => key === 'httpsRedirect');
  const misspelt = decoded?.mode === undefined && keys.includes('mode');
  const settings = misspelt || decoded === undefined ? undefined : settingsOf(decoded, spot);
  const usable = spot.diagnostics.slice(before).every(({ code }) => harmless.has(code));
  if (settings !== undefined && usable) return { settings, httpsRedirect, redirectsOnly };
  return { settings: refusedTls(spot), httpsRedirect, redirectsOnly };
};

/** For settings of which more has been said already. */
export function refusedTls(spot: Spot): ServerTls {
  report(spot, 'SLC0241', 'these TLS settings cannot be used, so connections that they are for are closed');
  return { kind: 'refused', origin: spot.origin };
}
