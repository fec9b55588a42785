/**
 * Identity tokens, the last one of each user, in memory only. One that the edge refused counts no more: what waits to be
 * sent for its user waits on, until `identify` brings another. Nothing is sent for a user under a refused token.
 */
export interface Tokens {
  /** The token of a user; nobody's is undefined. */
  of(user: string | undefined): string | undefined;
  /** Another token of a user. True when it ends a wait. */
  give(user: string, token: string | undefined): boolean;
  /** The edge refused the token that a request for this user carried. True unless that is known, or it has been replaced. */
  refuse(user: string | undefined, token: string | undefined): boolean;
  /** Does this user's token have to be replaced first? */
  refused(user: string | undefined): boolean;
}

/** What the edge says of a token that is missing, wrong or expired. */
export const REFUSED = 'invalid_identity_token';

export function createTokens(): Tokens {
  const tokens = new Map<string, string | undefined>();
  const waiting = new Set<string>();
  return {
    of: (user) => (user === undefined ? undefined : tokens.get(user)),
    give(user, token) {
      if (!token || token === tokens.get(user)) return false;
      tokens.set(user, token);
      return waiting.delete(user);
    },
    refuse(user, token) {
      if (user === undefined || token !== tokens.get(user) || waiting.has(user)) return false;
      waiting.add(user);
      return true;
    },
    refused: (user) => user !== undefined && waiting.has(user),
  };
}
