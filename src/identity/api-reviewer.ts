// Tokens of service accounts, checked by the Kubernetes API that has issued them: a token of a Pod that was deleted is none.
// https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/
import type { KubeApi } from '../kube/api.ts';
import { isObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { accountNamed, type TokenReview, type TokenReviewer } from './token-reviewer.ts';

export interface ApiReviewerOptions {
  readonly api: KubeApi;
  /** Of which the token has to have one. */
  readonly audiences: readonly string[];
}

/** How long an answer is waited for, in milliseconds. */
const patience = 5_000;
/** Longer ones are none: the API would refuse to read more, too. */
const longest = 64 << 10;

export function apiReviewer({ api, audiences }: ApiReviewerOptions): TokenReviewer {
  const ask = (token: string): Promise<JsonObject> =>
    api.json({
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      write: {
        method: 'POST',
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences } },
      },
      signal: AbortSignal.timeout(patience),
      idle: patience,
    });
  return {
    review: async (token) => {
      if (token.length > longest) return { kind: 'refused', reason: 'the token cannot be read' };
      try {
        return reviewOf(await ask(token), audiences);
      } catch {
        return { kind: 'unavailable', reason: 'the Kubernetes API does not say whose token it is' };
      }
    },
  };
}

const objectOf = (value: JsonValue | undefined): JsonObject => (isObject(value) ? value : {});
const listOf = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);

/** An API that does not know audiences answers without them, and accepts tokens that are for itself. */
function reviewOf({ status }: JsonObject, audiences: readonly string[]): TokenReview {
  const { authenticated, user, audiences: accepted } = objectOf(status);
  if (authenticated !== true) return { kind: 'refused', reason: 'the token is not one that the Kubernetes API knows' };
  if (!listOf(accepted).some((each) => audiences.includes(String(each)))) {
    return { kind: 'refused', reason: 'the token is for another audience' };
  }
  const { username, extra } = objectOf(user);
  const [name] = listOf(objectOf(extra)['authentication.kubernetes.io/pod-name']);
  const [uid] = listOf(objectOf(extra)['authentication.kubernetes.io/pod-uid']);
  return accountNamed(String(username), typeof name === 'string' ? `${name}/${String(uid)}` : null);
}
