/** What the server said when it refused: RFC 9457, with a stable `code` and, for fields, JSON pointers. */
import type { Schema } from "./types";

export type ProofKind = Schema["ProofKind"];
/** `next`: what may be given as a proof, where one is asked for. */
export type ProblemBody = Schema["Problem"] & { next?: ProofKind[] };
export type FieldError = Schema["FieldProblem"];

export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly errors: FieldError[];
  readonly next: ProofKind[];
  readonly requestId: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** When it may be tried again, in milliseconds of this clock. */
  readonly retryAt: number | undefined;

  constructor(body: ProblemBody, retryAfterSeconds?: number) {
    super(body.detail ?? body.title);
    this.name = "Problem";
    this.status = body.status;
    this.code = body.code;
    this.errors = body.errors ?? [];
    this.next = body.next ?? [];
    this.requestId = body.request_id;
    this.retryAfterSeconds = retryAfterSeconds;
    this.retryAt = retryAfterSeconds === undefined ? undefined : Date.now() + retryAfterSeconds * 1000;
  }
}

/** Reads a refusal, whatever the server (or something between) really sent. */
export function problemFrom(body: unknown, response: { status: number; headers: Headers }): Problem {
  const seconds = Number(response.headers.get("retry-after"));
  const retryAfter = Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
  const known = typeof body === "object" && body !== null ? (body as Partial<ProblemBody>) : {};
  return new Problem(
    {
      type: known.type ?? "about:blank",
      title: known.title ?? "The server did not say why",
      status: response.status,
      code: known.code ?? "unknown",
      detail: known.detail,
      errors: Array.isArray(known.errors) ? known.errors : [],
      next: Array.isArray(known.next) ? known.next : [],
      request_id: known.request_id,
    },
    retryAfter,
  );
}

export function isProblem(error: unknown, code?: string): error is Problem {
  return error instanceof Problem && (code === undefined || error.code === code);
}

/** Refusals that have nothing to do with a role. */
const REFUSED: Record<string, string> = {
  step_up_required: "This is done only after a fresh proof that it is you.",
  mfa_required: "This needs a second factor first.",
  mfa_enrolment_required: "Your organisation asks for a second factor, which must be set up first.",
  invalid_proof: "This proof is wrong, used or out of date.",
  identity_provider_required: "Your organisation signs in over its identity provider: sign in there first.",
  identity_provider_refused: "The identity provider did not sign you in.",
  link_invalid: "This link is wrong, used or out of date.",
};

/** Refusals of which the server's own words say what to do. */
const SAID = ["identity_not_linked"];

/** One sentence for people: what happened. What was kept and what to do is said by the screen that shows it. */
export function explain(error: unknown): string {
  if (!(error instanceof Problem)) {
    return "The server could not be reached.";
  }
  if (error.status === 429) {
    const wait = error.retryAfterSeconds ?? 60;
    return `Too many requests. Try again in ${wait < 90 ? `${Math.ceil(wait)} seconds` : `${Math.ceil(wait / 60)} minutes`}.`;
  }
  if (SAID.includes(error.code)) {
    return sentence(error.message);
  }
  if (error.status === 403) {
    return REFUSED[error.code] ?? "Your role does not allow this.";
  }
  if (error.status === 404) {
    return "This does not exist here. It may be in another environment, or it was deleted.";
  }
  if (error.code === "identity_provider_unavailable") {
    return `The identity provider does not do what it should: ${sentence(error.message)}`;
  }
  if (error.status >= 500) {
    return "The server failed. It has recorded the reason.";
  }
  return sentence(error.message);
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
