import { describe, expect, it } from "vitest";
import { fillIn } from "../dev/back-end";
import { queue } from "../src/pilotfish";
import { parse, safeNext } from "../src/router";
import { parseConfig, signIn } from "../src/session";

const USER = { id: "u1", name: "A", email: "a@b.example", plan: "trial", company: { id: "c1", name: "C" } };

describe("addresses", () => {
  it("lead to pages", () => {
    expect(parse("/")).toEqual({ page: "overview" });
    expect(parse("/invoices/")).toEqual({ page: "invoices", status: null });
    expect(parse("/invoices?status=overdue")).toEqual({ page: "invoices", status: "overdue" });
    expect(parse("/invoices?status=lost")).toEqual({ page: "invoices", status: null });
    expect(parse("/invoices/new")).toEqual({ page: "new-invoice" });
    expect(parse("/invoices/1042")).toEqual({ page: "invoice", number: 1042 });
    expect(parse("/invoices/x")).toEqual({ page: "not-found" });
  });

  it.each(["//evil.example", "https://evil.example", "/\\evil.example", "/sign-in?next=/x", "/nowhere", null])(
    "never lead from sign-in to %s",
    (next) => expect(safeNext(next)).toBe("/overview"),
  );
});

describe("configuration", () => {
  it("fills in what a user may lack", () => {
    expect(parseConfig(JSON.stringify({ users: [USER] })).users[0]).toMatchObject({
      role: "member",
      company: { plan: "trial", size: 1 },
    });
  });

  it.each(["", "__HARBOUR_CONFIG__", "null", "{}", '{"users":[{"id":1}]}'])("is empty for %j", (json) =>
    expect(parseConfig(json)).toEqual({ users: [] }),
  );

  it("cannot end its script element", () => {
    const page = fillIn('<script nonce="__CSP_NONCE__">__HARBOUR_CONFIG__</script>__PILOTFISH_TAG__', "<b>$&</b>", "n");
    expect(page.match(/<\/script>/g)).toHaveLength(1);
    expect(page.endsWith("</script><b>$&</b>")).toBe(true);
  });
});

describe("signing in", () => {
  const answer = (status: number, body: unknown) => async () => new Response(JSON.stringify(body), { status });

  it("yields user and token", async () => {
    const session = await signIn({ user: "u1" }, answer(200, { user: USER, token: "t" }));
    expect(session).toMatchObject({ token: "t", user: { id: "u1" } });
  });

  it("fails on a refusal and on nonsense", async () => {
    await expect(signIn({ user: "u1" }, answer(404, {}))).rejects.toThrow("404");
    await expect(signIn({ user: "u1" }, answer(200, { user: USER }))).rejects.toThrow("token");
  });
});

describe("the queue", () => {
  it("keeps calls in order, as method and arguments", () => {
    const calls = queue();
    calls.identify("u1", { plan: "trial" }, { token: "t" });
    calls.track("Invoice Sent", { amount: 1 });
    calls.reset();
    expect(calls.q).toEqual([
      ["identify", "u1", { plan: "trial" }, { token: "t" }],
      ["track", "Invoice Sent", { amount: 1 }],
      ["reset"],
    ]);
  });
});
