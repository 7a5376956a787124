// A workload's certificate as Envoy gets it (envoy.extensions.transport_sockets.tls.v3.Secret), under the names that Istio has.
import { hash } from 'node:crypto';
import { encodeMessage } from '../../envoy/protojson.ts';
import type { WorkloadCertificate } from './certificate-keeper.ts';

export const secretType = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';
const message = 'envoy.extensions.transport_sockets.tls.v3.Secret';

/** The own certificate, and the roots by which others are believed. */
export const secretNames = ['default', 'ROOTCA'] as const;

export interface Secret {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The same content has the same version. */
  readonly version: string;
}

export function secretsOf({ chain, key, roots }: WorkloadCertificate): ReadonlyMap<string, Secret> {
  const own = { tls_certificate: { certificate_chain: { inline_string: chain }, private_key: { inline_string: key } } };
  const others = { validation_context: { trusted_ca: { inline_string: roots } } };
  const [ownName, othersName] = secretNames;
  const all = [secret(ownName, own), secret(othersName, others)];
  return new Map(all.map((each) => [each.name, each] as const));
}

function secret(name: string, content: Parameters<typeof encodeMessage>[1]): Secret {
  const bytes = encodeMessage(message, { name, ...content });
  return { name, bytes, version: hash('sha256', bytes, 'hex').slice(0, 16) };
}
