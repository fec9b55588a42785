/**
 * What an answer says of the session is heeded wherever it comes: a session that is over, a fresh proof that is asked for,
 * a second factor that must be set up. The answers are put in the way of the stand-in's.
 */
import type { Page, Route } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, open, PLACE, start } from "./harness";

let harness: Harness;

beforeAll(async () => {
  harness = await start();
});
afterAll(() => harness.close());

const refuse = (route: Route, status: number, code: string, next?: string[]) =>
  route.fulfill({
    status,
    contentType: "application/problem+json",
    body: JSON.stringify({ type: "about:blank", title: code, status, code, next }),
  });
const give = (route: Route, status: number, body: unknown) =>
  route.fulfill({ status, contentType: "application/json", body: JSON.stringify(body) });

async function session(route: Route, change: Record<string, unknown>): Promise<void> {
  const answer = await route.fetch();
  await route.fulfill({ response: answer, json: { ...(await answer.json()), ...change } });
}

/** Server keys need a fresh proof: refused until `proofs` has taken one. */
async function guardedKey(page: Page, kinds: string[]) {
  const seen = { keys: 0, proofs: [] as unknown[] };
  await page.route("**/api/v1/installation/server-key", (route) => {
    seen.keys += 1;
    return seen.proofs.length === 0
      ? refuse(route, 403, "step_up_required", kinds)
      : give(route, 201, { server_key: "pfs_made" });
  });
  await page.route("**/api/v1/sessions/current/proofs", (route) => {
    const proof = route.request().postDataJSON() as { code?: string };
    if (proof.code === "000000") {
      return refuse(route, 403, "invalid_proof");
    }
    seen.proofs.push(proof);
    return give(route, 200, {
      id: "ses_1",
      needs: null,
      next: kinds,
      ends_at: "2099-01-01T00:00:00Z",
      idle_seconds: 1800,
    });
  });
  await page.goto(`${PLACE}/settings`);
  await page.getByRole("button", { name: "Make a server key" }).click();
  await page.getByRole("dialog", { name: "Confirm that it is you" }).waitFor();
  return seen;
}

it("asks for a fresh proof in the middle of something, and goes on with it", async () => {
  const { page, context, complaints } = await open(harness);
  const seen = await guardedKey(page, ["totp", "recovery_code"]);
  const code = page.getByLabel("Code of your authenticator app");
  expect(await code.getAttribute("autocomplete")).toBe("one-time-code");
  await expect.poll(() => code.evaluate((input) => input === document.activeElement)).toBe(true);
  await page.keyboard.type("000 000");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "This code is wrong" }).waitFor();
  await expect.poll(() => code.evaluate((input: HTMLInputElement) => input.value)).toBe("");
  await page.keyboard.type("123 456");
  await page.keyboard.press("Enter");
  await page.getByText("pfs_made").waitFor();
  expect(seen).toEqual({ keys: 2, proofs: [{ kind: "totp", code: "123456" }] });
  expect(complaints).toEqual([]);
  await context.close();
});

it("leaves everything as it was when no proof is given", async () => {
  const { page, context } = await open(harness);
  const seen = await guardedKey(page, ["password"]);
  await page.keyboard.press("Escape");
  await page.getByText("This is done only after a fresh proof that it is you. No key was made.").waitFor();
  expect(seen).toEqual({ keys: 1, proofs: [] });
  await context.close();
});

it("closes only the dialog of the proof, not the one below, with Escape", async () => {
  const { page, context } = await open(harness);
  await page.route("**/api/v1/surveys/*/publish", (route) => refuse(route, 403, "step_up_required", ["password"]));
  await page.goto(`${PLACE}/content/surveys/srv_reports`);
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  await page.getByRole("button", { name: "Publish to production" }).click();
  const proof = page.getByRole("dialog", { name: "Confirm that it is you" });
  await proof.waitFor();
  await page.keyboard.press("Escape");
  await proof.waitFor({ state: "detached" });
  await page.getByRole("dialog", { name: /^Publish/ }).waitFor();
  await context.close();
});

it("leads a session that is over to the sign-in and back, whatever was asked, and keeps nothing", async () => {
  const { page, context, complaints } = await open(harness);
  await page.goto(`${PLACE}/people/per_00007`);
  await page.getByRole("button", { name: "Show them" }).click();
  await page.getByText("@example.com").first().waitFor();
  await context.clearCookies({ name: "dev_session" });
  // A mutation, not a question: its refusal counts alike.
  await page.getByRole("button", { name: "Show personal properties" }).click();
  await page.getByText("Your session is over.").waitFor();
  expect(await page.content()).not.toContain("@example.com");
  await page.getByLabel("E-mail").fill("ana@harbour.example");
  await page.getByLabel("Password", { exact: true }).fill("a good long password");
  await page.keyboard.press("Enter");
  await page.waitForURL(`**${PLACE}/people/per_00007`);
  await page.getByRole("button", { name: "Show them" }).waitFor();
  expect(await page.content()).not.toContain("@example.com");
  expect(complaints).toEqual([]);
  await context.close();
});

it("takes the other tabs along when one signs out", async () => {
  const { page, context } = await open(harness);
  const other = await context.newPage();
  for (const tab of [page, other]) {
    await tab.goto(`${PLACE}/people`);
    await tab.getByRole("heading", { name: "People" }).waitFor();
  }
  await page
    .getByRole("button", { name: /^Account/ })
    .filter({ visible: true })
    .click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await other.getByRole("heading", { name: "Sign in" }).waitFor();
  await context.close();
});

it("lets somebody who must set up a second factor do nothing else", async () => {
  const { page, context } = await open(harness);
  await page.route("**/api/v1/me", (route) => refuse(route, 403, "mfa_enrolment_required"));
  await page.route("**/api/v1/sessions/current", (route) => session(route, { needs: "enrolment" }));
  await page.goto(`${PLACE}/people`);
  await page.getByRole("heading", { name: "Set up a second factor" }).waitFor();
  expect(new URL(page.url()).searchParams.get("next")).toBe(`${PLACE}/people`);
  await context.close();
});

it("says on every page until when a second factor must be set up", async () => {
  const { page, context } = await open(harness);
  await page.route("**/api/v1/sessions/current", (route) => session(route, { enrol_until: "2026-12-07T14:00:00Z" }));
  await page.goto(`${PLACE}/people`);
  const banner = page.getByRole("complementary", { name: "Second factor" });
  await banner.waitFor();
  expect(await banner.textContent()).toContain("7 Dec 2026, 14:00:00");
  await context.close();
});

it("counts too many attempts down, and takes no other meanwhile", async () => {
  const { page, context } = await open(harness, { signedIn: false });
  let asked = 0;
  await page.route("**/api/v1/sessions", (route) => {
    asked += 1;
    return route.fulfill({
      status: 429,
      headers: { "retry-after": "3" },
      contentType: "application/problem+json",
      body: JSON.stringify({ type: "about:blank", title: "too many", status: 429, code: "too_many_requests" }),
    });
  });
  await page.goto("/sign-in");
  await page.getByLabel("E-mail").fill("ana@harbour.example");
  await page.getByLabel("Password", { exact: true }).fill("guess");
  await page.keyboard.press("Enter");
  await page.getByText(/^Too many attempts\. Try again in 0:0[1-3]\./).waitFor();
  await page.getByLabel("Password", { exact: true }).fill("guess");
  await page.keyboard.press("Enter");
  expect(asked).toBe(1);
  await page.getByText("You can try again now.").waitFor();
  await page.getByLabel("Password", { exact: true }).press("Enter");
  await expect.poll(() => asked).toBe(2);
  await context.close();
});
