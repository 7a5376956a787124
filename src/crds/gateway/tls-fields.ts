// The fields of ServerTLSSettings (networking.istio.io), each on its own.
import type { CertificateFiles } from '../../model/client-tls.ts';
import type { TlsVersion } from '../../model/gateway.ts';
import { boolean, type Decoder, list, object, oneOf, report, string } from '../values/decode.ts';
import { tlsText } from '../values/tls-text.ts';

const modes = {
  PASSTHROUGH: 'PASSTHROUGH',
  SIMPLE: 'SIMPLE',
  MUTUAL: 'MUTUAL',
  OPTIONAL_MUTUAL: 'OPTIONAL_MUTUAL',
  ISTIO_MUTUAL: 'ISTIO_MUTUAL',
  AUTO_PASSTHROUGH: 'AUTO_PASSTHROUGH',
} as const;
export type TlsMode = keyof typeof modes;

const version = oneOf<TlsVersion | null>({
  TLS_AUTO: null,
  TLSV1_0: 'TLSv1_0',
  TLSV1_1: 'TLSv1_1',
  TLSV1_2: 'TLSv1_2',
  TLSV1_3: 'TLSv1_3',
});

/** Those that Envoy knows; those of TLS 1.3 are not chosen. */
const ciphers = [
  ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  ...['ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ...['ECDHE-ECDSA-AES128-SHA', 'ECDHE-RSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA', 'ECDHE-RSA-AES256-SHA'],
  ...['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'AES128-SHA', 'AES256-SHA'],
];
const curves = ['P-256', 'P-384', 'P-521', 'X25519', 'X25519MLKEM768'];
const wordOf = (words: readonly string[]): Decoder<string> =>
  oneOf(Object.fromEntries(words.map((each) => [each, each])));

const hexadecimal = new Set('0123456789abcdefABCDEF');
const base64 = new Set('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');

/** A SHA-256 of a certificate, hexadecimal; between the bytes may be colons. */
const certificateHash: Decoder<string> = (value, spot) => {
  const text = string(value, spot)?.replaceAll(':', '');
  if (text === undefined) return undefined;
  const fits = text.length === 64 && [...text].every((character) => hexadecimal.has(character));
  return fits ? text : report(spot, 'SLC0105', 'is no SHA-256 in hexadecimal');
};

/** A SHA-256 of a public key, in base64. */
const keyHash: Decoder<string> = (value, spot) => {
  const text = string(value, spot);
  if (text === undefined) return undefined;
  const fits = text.length === 44 && text.endsWith('=') && [...text.slice(0, 43)].every((each) => base64.has(each));
  return fits ? text : report(spot, 'SLC0105', 'is no SHA-256 in base64');
};

const elsewhere: Decoder<never> = (_, spot) =>
  report(spot, 'SLC0110', 'has no effect here: whose clients are believed stands beside tlsCertificates');

const certificateFields = object({ serverCertificate: tlsText, privateKey: tlsText, caCertificates: elsewhere });

/** An empty text is as good as none. */
const certificate: Decoder<CertificateFiles> = (value, spot) => {
  const decoded = certificateFields(value, spot);
  if (decoded === undefined) return undefined;
  const { serverCertificate: chain, privateKey: key } = decoded;
  if (chain !== undefined && key !== undefined) return { chain, key };
  const missing = chain === undefined ? 'serverCertificate' : 'privateKey';
  return report(spot, 'SLC0104', `the field "${missing}" is required`);
};

/** Ways to name a Secret. */
export const unsupportedCredentials = ['credentialName', 'credentialNames', 'caCertCredentialName'] as const;

export const tlsFields = object({
  mode: oneOf(modes),
  httpsRedirect: boolean,
  serverCertificate: tlsText,
  privateKey: tlsText,
  tlsCertificates: list(certificate),
  caCertificates: tlsText,
  caCrl: tlsText,
  credentialName: tlsText,
  credentialNames: list(tlsText),
  caCertCredentialName: tlsText,
  subjectAltNames: list(tlsText),
  verifyCertificateSpki: list(keyHash),
  verifyCertificateHash: list(certificateHash),
  minProtocolVersion: version,
  maxProtocolVersion: version,
  cipherSuites: list(wordOf(ciphers)),
  ecdhCurves: list(wordOf(curves)),
  insecureSkipVerify: boolean,
});
export type TlsFields = NonNullable<ReturnType<typeof tlsFields>>;
