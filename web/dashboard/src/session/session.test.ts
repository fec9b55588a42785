import { describe, expect, it } from "vitest";
import { Problem } from "../api/problem";
import { type CurrentSession, nextIn, stageAfter, stageOf } from "./session";

const session = (change: Partial<CurrentSession>): CurrentSession => ({
  id: "ses_1",
  member: "mem_1",
  organisation: "org_1",
  identity_provider: null,
  level: "password",
  needs: null,
  next: ["totp", "recovery_code"],
  proven_at: "2026-11-30T09:00:00Z",
  ends_at: "2026-11-30T21:00:00Z",
  idle_seconds: 1800,
  enrol_until: null,
  ...change,
});
const refusal = (code: string, next?: ("totp" | "passkey")[]) =>
  new Problem({ type: "about:blank", title: code, status: 403, code, ...(next ? { next } : {}) });

describe("where somebody stands", () => {
  it("goes to the identity provider where the organisation asks for it", () => {
    expect(stageOf(session({ needs: "identity_provider" })).at).toBe("provider");
  });

  it("is in once nothing is needed, in the grace period too", () => {
    expect(stageOf(session({ enrol_until: "2026-12-07T00:00:00Z" })).at).toBe("in");
  });

  it("is asked for a second factor, of the kinds that can be given", () => {
    expect(stageOf(session({ needs: "mfa" }))).toEqual({ at: "proof", next: ["totp", "recovery_code"] });
  });

  it("is asked for another if the one that was given is not enough", () => {
    expect(stageOf(session({ needs: "mfa", level: "mfa", next: ["passkey"] }), true)).toEqual({
      at: "proof",
      next: ["passkey"],
      more: true,
    });
  });

  it("must enrol once the grace period is over", () => {
    expect(stageOf(session({ needs: "enrolment" })).at).toBe("enrolment");
  });

  it("takes a refusal for want of a second factor as the next step, and no other", () => {
    expect(stageAfter(refusal("mfa_required", ["totp", "passkey"]))).toEqual({
      at: "proof",
      next: ["totp", "passkey"],
    });
    expect(stageAfter(refusal("forbidden"))).toBeUndefined();
    expect(stageAfter(new Error("offline"))).toBeUndefined();
  });
});

describe("where to go afterwards", () => {
  it("is a path of this server", () => {
    expect(nextIn({ next: "/app/harbour/production/people?x=1" })).toEqual({
      next: "/app/harbour/production/people?x=1",
    });
  });

  it.each(["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", 7, undefined])(
    "is nowhere for %j",
    (next) => {
      expect(nextIn({ next })).toEqual({});
    },
  );
});
