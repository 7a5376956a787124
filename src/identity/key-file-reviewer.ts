// Tokens of service accounts, checked with the public keys of whoever issues them, which are in a file: as a Kubernetes API
// server has them with --service-account-key-file. Bound to a Pod that was deleted, a token holds until it expires.
// RFC 7519; https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/
import { createPublicKey, type KeyObject } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import { pemBlocks } from './pem.ts';
import { Broken, readPem } from './pem-file.ts';
import { accountNamed, type TokenReview, type TokenReviewer } from './token-reviewer.ts';

export interface KeyFileOptions {
  /** PEM: one public key or more, RSA or EC. Read at every token, so it may be replaced. */
  readonly path: string;
  readonly issuer: string;
  /** Of which the token has to have one. */
  readonly audiences: readonly string[];
  /** In milliseconds since 1970. */
  readonly now?: () => number;
}

/** What a key can have signed; never by a symmetric algorithm: what is in the file is public. */
function algorithmsOf(key: KeyObject): readonly string[] {
  const byCurve: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };
  if (key.asymmetricKeyType === 'rsa') return ['RS256', 'RS384', 'RS512'];
  const algorithm = byCurve[key.asymmetricKeyDetails?.namedCurve ?? ''];
  return algorithm === undefined ? [] : [algorithm];
}

export function keyFileReviewer(options: KeyFileOptions): TokenReviewer {
  return {
    review: async (token) => {
      try {
        return await review(token, await readPublicKeys(options.path), options);
      } catch (error) {
        if (error instanceof Broken) return { kind: 'unavailable', reason: 'the keys of tokens cannot be read' };
        throw error;
      }
    },
  };
}

/** Throws Broken where there is none, or one that cannot be read. */
export async function readPublicKeys(path: string): Promise<readonly KeyObject[]> {
  const { text } = await readPem(dirname(path), basename(path));
  const keys = [...pemBlocks(text, 'PUBLIC KEY'), ...pemBlocks(text, 'RSA PUBLIC KEY')].map((pem) => {
    const key = parse(pem);
    if (key !== null && (key.asymmetricKeyDetails?.modulusLength ?? leastBits) >= leastBits) return key;
    throw new Broken(`${path} has a public key that cannot be used: it has to be PEM, RSA of 2048 bits or more, or EC`);
  });
  if (keys.length > 0) return keys;
  throw new Broken(`${path} has no public key: it has to be PEM, -----BEGIN PUBLIC KEY-----`);
}

/** Of an RSA key: the library takes no weaker one. */
const leastBits = 2048;

function parse(pem: string): KeyObject | null {
  try {
    return createPublicKey(pem);
  } catch {
    return null;
  }
}

async function review(token: string, keys: readonly KeyObject[], options: KeyFileOptions): Promise<TokenReview> {
  const { issuer, audiences, now = Date.now } = options;
  let reason = 'the token is not signed with any key that is known here';
  for (const key of keys) {
    try {
      const { payload } = await jwtVerify(token, key, {
        ...{ issuer, audience: [...audiences], currentDate: new Date(now()) },
        algorithms: [...algorithmsOf(key)],
        requiredClaims: ['exp', 'sub', 'aud', 'iss'],
      });
      return accountOf(payload);
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      if (!isOfAnother(error)) reason = why(error);
    }
  }
  return { kind: 'refused', reason };
}

/** Signed with another key, or in a way that this key is not for. */
const isOfAnother = (error: Error): boolean =>
  error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JOSEAlgNotAllowed;

/** The library's messages name claims, and never their values; they are told in our words all the same. */
function why(error: Error): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    const known: Readonly<Record<string, string>> = {
      aud: 'the token is for another audience',
      iss: 'the token is from another issuer',
      nbf: 'the token is not valid yet',
    };
    return known[error.claim] ?? 'the token lacks a claim, or has one that is wrong';
  }
  return 'the token cannot be read';
}

const accountOf = (claims: JWTPayload): TokenReview => accountNamed(claims.sub ?? '', podOf(claims['kubernetes.io']));

function podOf(claim: unknown): string | null {
  const bound = claim as { readonly pod?: { readonly name?: unknown; readonly uid?: unknown } } | null | undefined;
  const { name, uid } = bound?.pod ?? {};
  return typeof name === 'string' ? `${name}/${String(uid)}` : null;
}
