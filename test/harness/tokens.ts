// Tokens of service accounts, as a Kubernetes API server issues them, and keys that they are checked with.
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type JWTPayload, SignJWT } from 'jose';
import { onTestFinished } from 'vitest';

export const tokenIssuer = 'https://kubernetes.default.svc.cluster.local';
export const tokenAudience = 'istio-ca';

const publicPem = (key: KeyObject): string => String(createPublicKey(key).export({ type: 'spki', format: 'pem' }));

export interface TokenRequest {
  readonly namespace?: string;
  readonly serviceAccount?: string;
  readonly issuer?: string;
  readonly audience?: string | readonly string[];
  /** In seconds from now. */
  readonly from?: number;
  readonly to?: number;
  readonly claims?: JWTPayload;
  readonly key?: KeyObject;
  readonly algorithm?: string;
}

/** Whoever issues tokens; its public keys are in a file that goes at the end. */
export class TokenIssuer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sluice-tokens-'));
  readonly path = join(this.#folder, 'keys.pem');
  readonly #key: KeyObject;

  constructor(kind: 'rsa' | 'ec' = 'ec', atEnd: (remove: () => void) => void = onTestFinished) {
    const pair = kind === 'rsa' ? rsaPair() : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#key = pair.privateKey;
    atEnd(() => rmSync(this.#folder, { recursive: true, force: true }));
    this.publish([]);
  }

  /** Writes the file: other keys first. */
  publish(others: readonly KeyObject[]): void {
    writeFileSync(this.path, [...others, this.#key].map(publicPem).join(''));
  }

  get publicKey(): string {
    return publicPem(this.#key);
  }

  token(request: TokenRequest = {}): Promise<string> {
    const { namespace = 'shop', serviceAccount = 'web', from = -10, to = 600, key = this.#key } = request;
    const now = Math.floor(Date.now() / 1000);
    const { issuer = tokenIssuer, audience = tokenAudience } = request;
    const algorithm = request.algorithm ?? (key.asymmetricKeyType === 'rsa' ? 'RS256' : 'ES256');
    const claims: JWTPayload = {
      ...{ iss: issuer, aud: [audience].flat(), iat: now + from, nbf: now + from, exp: now + to },
      sub: `system:serviceaccount:${namespace}:${serviceAccount}`,
      'kubernetes.io': {
        namespace,
        pod: { name: 'web-1', uid: '7' },
        serviceaccount: { name: serviceAccount, uid: '8' },
      },
      ...request.claims,
    };
    return new SignJWT(claims).setProtectedHeader({ alg: algorithm }).sign(key);
  }
}

export const rsaPair = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
