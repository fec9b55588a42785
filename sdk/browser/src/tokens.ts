/**
 * Identity tokens, the last one of each user, in memory only. One that the edge refused counts no more: what waits to be
 * sent for its user waits on, until `identify` brings another. Nothing is sent for a user under a refused token. Another
 * one is tried after a pause that grows with each refusal: a page that gets its tokens from a server that makes wrong
 * ones must not go round at the network's speed.
 */
import { backoff } from './transport';

export interface Tokens {
  /** The token of a user; nobody's is undefined. */
  of(user: string | undefined): string | undefined;
  /** Another token of a user. Ends a wait, after its pause. */
  give(user: string, token: string | undefined): void;
  /** The edge took a request for this user. */
  accept(user: string | undefined): void;
  /** The edge refused the token that a request for this user carried. True unless that is known, or it has been replaced. */
  refuse(user: string | undefined, token: string | undefined): boolean;
  /** Has this user's token to be replaced first, or is the pause after that not over? */
  refused(user: string | undefined): boolean;
}

/** What the edge says of a token that is missing, wrong or expired. */
export const REFUSED = 'invalid_identity_token';

/** `wake`: what waited for a user may go now. */
export function createTokens(wake: () => void): Tokens {
  const tokens = new Map<string | undefined, string | undefined>();
  /** Whether the pause has begun. */
  const waiting = new Map<string | undefined, boolean>();
  /** Refusals in a row. */
  const refusals = new Map<string | undefined, number>();
  return {
    of: (user) => tokens.get(user),
    give(user, token) {
      if (!token || token === tokens.get(user)) return;
      tokens.set(user, token);
      if (waiting.get(user) !== false) return;
      waiting.set(user, true);
      const attempt = refusals.get(user) ?? 0;
      refusals.set(user, attempt + 1);
      setTimeout(
        () => {
          waiting.delete(user);
          wake();
        },
        backoff(attempt, undefined),
      );
    },
    accept: (user) => void refusals.delete(user),
    refuse(user, token) {
      if (user === undefined || token !== tokens.get(user) || waiting.has(user)) return false;
      waiting.set(user, false);
      return true;
    },
    refused: (user) => waiting.has(user),
  };
}
