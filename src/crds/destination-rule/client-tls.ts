// ClientTLSSettings of a DestinationRule (networking.istio.io): how calls are encrypted, and whom they trust.
//
// Invariant: settings that cannot be used never become weaker ones. They refuse the calls.

import { isObject } from '../../lib/json.ts';
import type { CertificateFiles, ClientTls, Trust } from '../../model/client-tls.ts';
import type { DiagnosticCode } from '../../model/diagnostic-codes.ts';
import { boolean, type Decoder, inside, list, object, oneOf, report, type Spot } from '../values/decode.ts';
import { tlsText } from '../values/tls-text.ts';

const fields = object({
  mode: oneOf({ DISABLE: 'DISABLE', SIMPLE: 'SIMPLE', MUTUAL: 'MUTUAL', ISTIO_MUTUAL: 'ISTIO_MUTUAL' } as const),
  clientCertificate: tlsText,
  privateKey: tlsText,
  caCertificates: tlsText,
  caCrl: tlsText,
  credentialName: tlsText,
  subjectAltNames: list(tlsText),
  sni: tlsText,
  insecureSkipVerify: boolean,
});
type Fields = NonNullable<ReturnType<typeof fields>>;
type Mode = NonNullable<Fields['mode']>;

/** The fields that a mode makes nothing of. */
const useless: { readonly [M in Mode]: readonly (keyof Fields)[] } = {
  DISABLE: [
    ...(['clientCertificate', 'privateKey', 'caCertificates', 'caCrl', 'credentialName'] as const),
    ...(['subjectAltNames', 'sni', 'insecureSkipVerify'] as const),
  ],
  SIMPLE: ['clientCertificate', 'privateKey'],
  MUTUAL: [],
  ISTIO_MUTUAL: [
    ...(['clientCertificate', 'privateKey', 'caCertificates', 'caCrl', 'credentialName'] as const),
    'insecureSkipVerify',
  ],
};

/** What is said of settings that can be used all the same. */
const harmless: ReadonlySet<DiagnosticCode> = new Set(['SLC0107', 'SLC0109', 'SLC0110']);

function trustOf(decoded: Fields, spot: Spot): Trust {
  const { caCertificates: path, insecureSkipVerify = false, subjectAltNames = [], caCrl } = decoded;
  const named = (path ?? caCrl) !== undefined || subjectAltNames.length > 0;
  if (insecureSkipVerify && !named) return { kind: 'anybody' };
  if (insecureSkipVerify) {
    const message = 'it is said as well whom to trust: the server is verified';
    report(inside(spot, 'insecureSkipVerify'), 'SLC0107', message);
  }
  return path === undefined ? { kind: 'system' } : { kind: 'file', path };
}

function certificateOf({ clientCertificate: chain, privateKey: key }: Fields, spot: Spot): CertificateFiles | null {
  if (chain !== undefined && key !== undefined) return { chain, key };
  const missing = chain === undefined ? 'clientCertificate' : 'privateKey';
  report(spot, 'SLC0104', `the field "${missing}" is required with mode MUTUAL`);
  return null;
}

/** With files of the proxy's machine. */
function withFiles(decoded: Fields, certificate: CertificateFiles | null, spot: Spot): ClientTls {
  const { credentialName, caCrl = null, subjectAltNames = [], sni = null } = decoded;
  if (credentialName !== undefined) {
    const message = 'Secrets are not given to sidecars; write clientCertificate, privateKey and caCertificates';
    report(inside(spot, 'credentialName'), 'SLC0108', message);
  }
  const trust = trustOf(decoded, spot);
  return { kind: 'tls', certificate, trust, revoked: caCrl, names: subjectAltNames, sni, origin: spot.origin };
}

const makers: { readonly [M in Mode]: (decoded: Fields, spot: Spot) => ClientTls } = {
  DISABLE: (_, { origin }) => ({ kind: 'plain', origin }),
  SIMPLE: (decoded, spot) => withFiles(decoded, null, spot),
  MUTUAL: (decoded, spot) =>
    withFiles(decoded, decoded.credentialName === undefined ? certificateOf(decoded, spot) : null, spot),
  ISTIO_MUTUAL: ({ subjectAltNames = [], sni = null }, { origin }) => ({
    kind: 'mesh',
    names: subjectAltNames,
    sni,
    origin,
  }),
};

function settingsOf(decoded: Fields, spot: Spot): ClientTls {
  const { mode, ...others } = decoded;
  const isSet = (name: keyof Fields): boolean => decoded[name] !== undefined;
  if (mode === undefined && Object.keys(others).some((name) => isSet(name as keyof Fields))) {
    report(spot, 'SLC0104', 'the field "mode" is required: without it nothing would be encrypted');
  }
  const used = mode ?? 'DISABLE';
  for (const name of useless[used].filter(isSet)) {
    report(inside(spot, name), 'SLC0110', `has no effect with mode ${used}`);
  }
  return makers[used](decoded, spot);
}

/** The settings of `tls`. */
export const clientTls: Decoder<ClientTls> = (value, spot) => {
  const before = spot.diagnostics.length;
  const decoded = fields(value, spot);
  const misspelt = decoded?.mode === undefined && isObject(value) && (value['mode'] ?? null) !== null;
  const settings = misspelt ? undefined : decoded && settingsOf(decoded, spot);
  const usable = spot.diagnostics.slice(before).every(({ code }) => harmless.has(code));
  if (settings !== undefined && usable) return settings;
  report(spot, 'SLC0240', 'these TLS settings cannot be used, so the calls that they are for are refused');
  return { kind: 'refused', origin: spot.origin };
};
