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
