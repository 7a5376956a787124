// Asks for certificates as Istio's agents do.
import { join } from 'node:path';
import { type ChannelCredentials, Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { loadSync, type MethodDefinition } from '@grpc/proto-loader';

const definitions = loadSync(join(import.meta.dirname, '../../proto/certificates.proto'), { keepCase: true });
const service = definitions['istio.v1.auth.IstioCertificateService'] as unknown as {
  readonly CreateCertificate: MethodDefinition<object, { readonly cert_chain: readonly string[] }>;
};

export interface AskOptions {
  readonly port: number;
  /** The roots that the server has to be under; null: plain text. */
  readonly roots: string | null;
  readonly serverName: string;
  readonly csr: string;
  readonly token?: string;
  readonly certificate?: { readonly cert: string; readonly key: string };
  readonly seconds?: number;
  /** Of another method, which is asked the same. */
  readonly path?: string;
}

export type Answer = { readonly chain: readonly string[] } | { readonly code: number; readonly details: string };

function secured({ roots, certificate }: AskOptions): ChannelCredentials {
  if (roots === null) return credentials.createInsecure();
  const own = certificate === undefined ? [] : [Buffer.from(certificate.key), Buffer.from(certificate.cert)];
  return credentials.createSsl(Buffer.from(roots), ...own);
}

export async function askForCertificate(options: AskOptions): Promise<Answer> {
  const { port, serverName, csr, token, seconds = 0 } = options;
  const client = new Client(`127.0.0.1:${port}`, secured(options), {
    'grpc.ssl_target_name_override': serverName,
    'grpc.default_authority': serverName,
    'grpc.use_local_subchannel_pool': 1,
  });
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  const { requestSerialize, responseDeserialize } = service.CreateCertificate;
  const { path = service.CreateCertificate.path } = options;
  const request = { csr, validity_duration: seconds, metadata: {} };
  try {
    return await new Promise((resolve) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, (error, response) => {
        const { code, details } = (error ?? {}) as ServiceError;
        resolve(error === null ? { chain: response?.cert_chain ?? [] } : { code, details });
      });
    });
  } finally {
    client.close();
  }
}
