// Workloads ask here for their certificates, as Istio's agents do (istio.v1.auth.IstioCertificateService). It is the only method
// that takes tokens: whoever has no certificate yet has nothing else to say who it is.
import { type handleUnaryCall, type Metadata, status } from '@grpc/grpc-js';
import { partialMessage } from '../../envoy/wire.ts';
import { lazy } from '../../lib/memo.ts';
import type { WorkloadIdentity } from '../../model/identity.ts';
import type { XdsService } from '../transport/relay.ts';
import { type CallerOf, CallRefusal, callError, grpcService, type OnFault } from './service.ts';

const name = 'istio.v1.auth.IstioCertificateService';

/** The paths of its methods, whose callers may have a token instead of a certificate. */
export const certificateMethods = [`/${name}/CreateCertificate`] as const;

export interface CertificateRequest {
  /** PKCS#10, PEM. */
  readonly csr: string;
  /** In milliseconds; null: as long as is allowed. */
  readonly lifetime: number | null;
  /** What the headers `authorization` have behind `Bearer`; '' where one is of another kind. */
  readonly tokens: readonly string[];
  /** Whose certificate the connection has; null: none that holds. */
  readonly certificate: WorkloadIdentity | null;
}

export type CertificateOutcome =
  /** PEM texts, the certificate first, all roots last. */
  | { readonly kind: 'signed'; readonly chain: readonly string[] }
  /** The client is told the reason. */
  | { readonly kind: keyof typeof codes; readonly reason: string };

export type IssueCertificate = (request: CertificateRequest) => Promise<CertificateOutcome>;

const codes = {
  unauthenticated: status.UNAUTHENTICATED,
  invalid: status.INVALID_ARGUMENT,
  exhausted: status.RESOURCE_EXHAUSTED,
  unavailable: status.UNAVAILABLE,
} as const;

export interface CertificateServiceOptions {
  readonly issue: IssueCertificate;
  readonly callerOf: CallerOf;
  readonly onFault: OnFault;
}

/** istio.v1.auth.IstioCertificateRequest, as it comes. */
interface WireRequest {
  readonly csr: string;
  readonly validity_duration: unknown;
}

const reader = lazy(() => partialMessage('istio.v1.auth.IstioCertificateRequest', ['csr', 'validity_duration']));

/** The service. Over plain text it gives nothing: a token that was sent there is everybody's. */
export function certificateService({ issue, callerOf, onFault }: CertificateServiceOptions): XdsService {
  const answer = async (request: WireRequest, metadata: Metadata): Promise<object> => {
    const caller = callerOf(metadata);
    if (caller === null) throw new CallRefusal(status.CANCELLED, 'the call is over');
    if (caller.connection.tls === null) {
      throw new CallRefusal(status.UNAUTHENTICATED, 'certificates are given over TLS only');
    }
    const seconds = Number(String(request.validity_duration));
    const lifetime = seconds > 0 ? seconds * 1000 : null;
    const { csr } = request;
    const outcome = await issue({ csr, lifetime, tokens: tokensIn(metadata), certificate: caller.identity });
    if (outcome.kind === 'signed') return { cert_chain: outcome.chain };
    throw new CallRefusal(codes[outcome.kind], outcome.reason);
  };
  const create: handleUnaryCall<WireRequest, object> = (call, callback) => {
    answer(call.request, call.metadata).then(
      (response) => callback(null, response),
      (error: unknown) => callback(callError(error, onFault)),
    );
  };
  const read = (bytes: Uint8Array): WireRequest => reader().decode(bytes) as unknown as WireRequest;
  return grpcService(name, read, { CreateCertificate: create });
}

const scheme = 'bearer ';

function tokensIn(metadata: Metadata): readonly string[] {
  return metadata.get('authorization').map((value) => {
    const text = String(value);
    return text.toLowerCase().startsWith(scheme) ? text.slice(scheme.length).trim() : '';
  });
}
