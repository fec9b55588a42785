import { describe, expect, it, vi } from "vitest";
import { noticing } from "./standing";
import { proving, type Send } from "./stepUp";

const problem = (status: number, code: string, next?: string[]) =>
  new Response(JSON.stringify({ type: "about:blank", title: code, status, code, next }), { status });

/** Refuses until a proof was given, and writes down what it was sent. */
function server() {
  const state = { proven: false, sent: [] as string[] };
  const send: Send = async (request) => {
    state.sent.push(`${request.method} ${await request.text()}`);
    return state.proven ? new Response("{}", { status: 200 }) : problem(403, "step_up_required", ["totp", "passkey"]);
  };
  return { state, send };
}

const put = (body: string, signal?: AbortSignal) =>
  new Request("https://pilotfish.test/api/v1/account/password", { method: "PUT", body, ...(signal ? { signal } : {}) });

describe("a request that needs a fresh proof", () => {
  it("is sent again with its body once the proof is given", async () => {
    const { state, send } = server();
    const ask = vi.fn(async () => {
      state.proven = true;
      return true;
    });
    const response = await proving(send, ask)(put("secret"));
    expect(response.status).toBe(200);
    expect(state.sent).toEqual(["PUT secret", "PUT secret"]);
    expect(ask).toHaveBeenCalledExactlyOnceWith(["totp", "passkey"]);
  });

  it("answers with the refusal if no proof is given, and can be read", async () => {
    const { state, send } = server();
    const response = await proving(send, async () => false)(put("secret"));
    expect(state.sent).toHaveLength(1);
    expect(await response.json()).toMatchObject({ code: "step_up_required" });
  });

  it("asks once for all that wait, and again the next time", async () => {
    const { state, send } = server();
    let give: (proven: boolean) => void = () => undefined;
    const ask = vi.fn(() => new Promise<boolean>((resolve) => (give = resolve)));
    const client = proving(send, ask);
    const all = Promise.all([client(put("a")), client(put("b"))]);
    await vi.waitFor(() => expect(state.sent).toHaveLength(2));
    await new Promise((resolve) => setTimeout(resolve));
    state.proven = true;
    give(true);
    expect((await all).map(({ status }) => status)).toEqual([200, 200]);
    expect(ask).toHaveBeenCalledTimes(1);
    state.proven = false;
    const later = client(put("c"));
    await vi.waitFor(() => expect(ask).toHaveBeenCalledTimes(2));
    give(false);
    expect((await later).status).toBe(403);
  });

  it("does not ask twice for one request: a second refusal is the answer", async () => {
    const { state, send } = server();
    const response = await proving(send, async () => true)(put("x"));
    expect(response.status).toBe(403);
    expect(state.sent).toHaveLength(2);
  });

  it("is not sent again when who asked has gone meanwhile", async () => {
    const { state, send } = server();
    const gone = new AbortController();
    const response = await proving(send, async () => {
      gone.abort();
      return true;
    })(put("x", gone.signal));
    expect(response.status).toBe(403);
    expect(state.sent).toHaveLength(1);
  });

  it("asks nothing where the refusal has another reason", async () => {
    const ask = vi.fn(async () => true);
    for (const answer of [
      problem(403, "forbidden"),
      problem(401, "unauthenticated"),
      new Response("<html>", { status: 403 }),
    ]) {
      const response = await proving(async () => answer, ask)(put("x"));
      expect(response).toBe(answer);
    }
    expect(ask).not.toHaveBeenCalled();
  });
});

describe("what an answer says of the session", () => {
  it.each([
    [401, "unauthenticated", "over"],
    [403, "mfa_required", "mfa"],
    [403, "mfa_enrolment_required", "enrolment"],
  ])("%i %s is %s", async (status, code, standing) => {
    const notice = vi.fn();
    const response = await noticing(async () => problem(status, code), notice)(put("x"));
    expect(notice).toHaveBeenCalledExactlyOnceWith(standing);
    expect(await response.json()).toMatchObject({ code });
  });

  it.each([
    [401, "invalid_credentials"],
    [403, "forbidden"],
    [403, "step_up_required"],
    [422, "invalid_value"],
  ])("%i %s is nothing", async (status, code) => {
    const notice = vi.fn();
    await noticing(async () => problem(status, code), notice)(put("x"));
    expect(notice).not.toHaveBeenCalled();
  });
});
