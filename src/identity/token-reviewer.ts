// Who a service account's token speaks for, as whoever has issued it says.

export type TokenReview =
  | {
      readonly kind: 'accepted';
      readonly namespace: string;
      readonly serviceAccount: string;
      /** The Pod that it was issued for; null: it does not say. */
      readonly pod: string | null;
    }
  /** The reason is told to whoever brought the token, and has nothing of it. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It cannot be said now. */
  | { readonly kind: 'unavailable'; readonly reason: string };

export interface TokenReviewer {
  /** Never rejects for what is wrong with a token. */
  review(token: string): Promise<TokenReview>;
}

const prefix = 'system:serviceaccount:';

/** As Kubernetes names namespaces and service accounts (RFC 1123). */
const isName = (text: string): boolean => text.length <= 253 && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(text);

/** What a token says that is good, by its subject `system:serviceaccount:NAMESPACE:NAME`. */
export function accountNamed(subject: string, pod: string | null): TokenReview {
  const [namespace = '', serviceAccount = '', ...rest] = subject.startsWith(prefix)
    ? subject.slice(prefix.length).split(':')
    : [];
  if (!isName(namespace) || !isName(serviceAccount) || rest.length > 0) {
    return { kind: 'refused', reason: 'the token is not one of a service account' };
  }
  return { kind: 'accepted', namespace, serviceAccount, pod };
}
