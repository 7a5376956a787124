// Asks the control plane for a certificate (istio.v1.auth.IstioCertificateService), once.
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { messageType } from '../../envoy/descriptors.ts';

/** PEM texts. */
export interface KeyPair {
  readonly chain: string;
  readonly key: string;
}

export interface CertificateRequest {
  readonly host: string;
  readonly port: number;
  /** The DNS name that the control plane's certificate has to have. */
  readonly serverName: string;
  /** PEM: the roots that it has to be under. */
  readonly roots: string;
  /** PKCS#10, PEM. */
  readonly csr: string;
  /** Who asks: by the token of its service account, or by the certificate that it has. */
  readonly by:
    | { readonly kind: 'token'; readonly token: string }
    | { readonly kind: 'certificate'; readonly own: KeyPair };
  /** In milliseconds. */
  readonly deadline: number;
}

const path = '/istio.v1.auth.IstioCertificateService/CreateCertificate';

/** The certificate was not given. The message has the status and what the control plane said. */
class CertificateRefusal extends Error {}

/** PEM texts: the certificate, what links it to a root, and last all roots. Throws CertificateRefusal. */
export async function requestCertificate(request: CertificateRequest): Promise<readonly string[]> {
  const { host, port, serverName, roots, csr, by, deadline } = request;
  const own = by.kind === 'certificate' ? [Buffer.from(by.own.key), Buffer.from(by.own.chain)] : [];
  const client = new Client(`${host}:${port}`, credentials.createSsl(Buffer.from(roots), ...own), {
    'grpc.ssl_target_name_override': serverName,
    'grpc.default_authority': serverName,
    // Another call may be secured by other certificates.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
  });
  const metadata = new Metadata();
  if (by.kind === 'token') metadata.set('authorization', `Bearer ${by.token}`);
  try {
    return await call(client, csr, metadata, deadline);
  } finally {
    client.close();
  }
}

function call(client: Client, csr: string, metadata: Metadata, deadline: number): Promise<readonly string[]> {
  const request = messageType('istio.v1.auth.IstioCertificateRequest');
  const response = messageType('istio.v1.auth.IstioCertificateResponse');
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      (message: object) => Buffer.from(request.encode(message).finish()),
      (bytes: Buffer) => response.decode(bytes) as unknown as { readonly cert_chain: readonly string[] },
      { csr },
      metadata,
      { deadline: Date.now() + deadline },
      (error: ServiceError | null, answer?: { readonly cert_chain: readonly string[] }) => {
        if (error === null) resolve(answer?.cert_chain ?? []);
        else reject(new CertificateRefusal(`${status[error.code]}: ${error.details}`));
      },
    );
  });
}
