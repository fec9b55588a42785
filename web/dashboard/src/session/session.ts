/** The session: what it may do, and what the server wants before it may do more. */
import { queryOptions } from "@tanstack/react-query";
import { api, type Schema, take } from "../api/client";
import { isProblem, type ProofKind } from "../api/problem";

export type CurrentSession = Schema["CurrentSession"];

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: () => take(api.GET("/api/v1/sessions/current")),
  staleTime: 60_000,
});

/** What the sign-in page offers. */
export const offerQuery = queryOptions({
  queryKey: ["sign-in"],
  queryFn: () => take(api.GET("/api/v1/sign-in")),
  staleTime: 60_000,
});

/** Where somebody stands on the way in. */
export type Stage =
  | { at: "door" }
  | { at: "proof"; next: ProofKind[] /** A proof was given, and is not enough. */; more?: boolean }
  | { at: "provider"; session: CurrentSession }
  | { at: "enrolment"; session: CurrentSession }
  | { at: "in"; session: CurrentSession };

export function stageOf(session: CurrentSession, proven = false): Stage {
  switch (session.needs) {
    case "mfa":
      return { at: "proof", next: session.next, ...(proven ? { more: true } : {}) };
    case "identity_provider":
      return { at: "provider", session };
    case "enrolment":
      return { at: "enrolment", session };
    default:
      return { at: "in", session };
  }
}

/** A refusal may be the next step: the password was right, and a second factor comes first. */
export function stageAfter(error: unknown): Stage | undefined {
  return isProblem(error, "mfa_required") ? { at: "proof", next: error.next } : undefined;
}

/** Where to go afterwards, from an address: a path of this server and nothing else. */
export function nextIn(search: Record<string, unknown>): { next?: string } {
  const next = search.next;
  return typeof next === "string" && /^\/(?![/\\])/.test(next) ? { next } : {};
}
