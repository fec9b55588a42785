/** Identity providers by keyboard alone: an organisation's page, its settings, and one's own identities. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, open, PLACE, start } from "./harness";
import { tabTo } from "./keys";

let harness: Harness;

beforeAll(async () => {
  harness = await start();
});
afterAll(() => harness.close());

it("goes to a provider and says what came of it, with nothing of it left in the address", async () => {
  const { page, context, complaints } = await open(harness, { signedIn: false });
  await page.goto("/sign-in/org_1");
  await page.getByRole("button", { name: "Sign in with Harbour at work" }).waitFor();
  await tabTo(page, /Sign in with Harbour at work/);
  await page.keyboard.press("Enter");
  await page.getByText("The identity provider did not sign you in, or you changed your mind.").waitFor();
  expect(new URL(page.url()).search).toBe("");
  await page.getByRole("link", { name: "To the sign-in" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

it("offers the provider first where it must be used, and the password to who needs it", async () => {
  const { page, context } = await open(harness, { signedIn: false, scenario: "required" });
  await page.goto("/sign-in/org_1");
  await page.getByRole("button", { name: "Sign in with Harbour at work" }).waitFor();
  expect(await page.getByLabel("E-mail").count()).toBe(0);
  await page.keyboard.press("Tab");
  await tabTo(page, /Sign in another way/);
  await page.keyboard.press("Enter");
  await page.getByLabel("E-mail").waitFor();
  await context.close();
});

it("adds, tests and removes a provider, and stays where the keyboard was", async () => {
  const { page, context, complaints } = await open(harness);
  await page.goto(`${PLACE}/settings/security`);
  await page.getByRole("button", { name: "Add another" }).press("Enter");
  await page.keyboard.type("Elsewhere");
  const issuer = page.getByLabel("Issuer");
  await issuer.fill("https://nowhere.example");
  await page.getByLabel("Client id").fill("pilotfish");
  await page.getByLabel("Client secret").fill("secret");
  await page.getByLabel("Domains that it is the authority for").fill("elsewhere.example");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Add", exact: true }).press("Enter");
  await page.getByText("Give another issuer.").waitFor();
  await issuer.fill("https://id.elsewhere.example");
  await page.getByRole("button", { name: "Add a rule" }).press("Enter");
  await page.getByRole("button", { name: "Add", exact: true }).press("Enter");
  await page.getByText("Say which claim the rules are about").waitFor();
  await page.getByRole("button", { name: "Remove rule 1" }).press("Enter");
  await page.getByRole("button", { name: "Add", exact: true }).press("Enter");
  await page.getByText("/sign-in/oidc/callback/idp_3").waitFor();
  await page.getByRole("button", { name: "Copy the redirect URI of Elsewhere" }).waitFor();
  await page.getByRole("button", { name: "Test Elsewhere" }).press("Enter");
  await page.getByText("It answers as it should, with 2 keys.").waitFor();
  await page.getByRole("button", { name: "Test Old directory" }).press("Enter");
  await page.getByText("It does not work: nobody answers there").waitFor();
  await page.getByRole("button", { name: "Remove Elsewhere" }).press("Enter");
  await page.getByRole("button", { name: "Remove it" }).press("Enter");
  await page.getByRole("button", { name: "Test Elsewhere" }).waitFor({ state: "detached" });
  await expect
    .poll(() => page.evaluate(() => document.activeElement?.getAttribute("aria-label")))
    .toBe("Test Old directory");
  expect(complaints).toEqual([]);
  await context.close();
});

it("asks once before everybody must use a provider", async () => {
  const { page, context } = await open(harness);
  await page.goto(`${PLACE}/settings/security`);
  const rule = page.getByLabel("Members must sign in over an identity provider");
  await rule.press("Space");
  await page.getByRole("dialog").getByText("only owners with a password and a second factor").waitFor();
  await page.getByRole("button", { name: "Require it" }).press("Enter");
  await expect.poll(() => rule.isChecked()).toBe(true);
  await rule.press("Space");
  await page.getByRole("button", { name: "Let them" }).press("Enter");
  await expect.poll(() => rule.isChecked()).toBe(false);
  await context.close();
});

it("asks whoever signed in over a provider to do it again for a fresh proof, and comes back", async () => {
  const { page, context } = await open(harness);
  await page.route("**/api/v1/installation/server-key", (route) =>
    route.fulfill({
      status: 403,
      contentType: "application/problem+json",
      body: JSON.stringify({
        type: "about:blank",
        title: "no",
        status: 403,
        code: "step_up_required",
        next: ["identity_provider"],
      }),
    }),
  );
  await page.goto(`${PLACE}/settings`);
  await page.getByRole("button", { name: "Make a server key" }).click();
  await page.getByRole("button", { name: "Sign in at your identity provider" }).press("Enter");
  await page.getByRole("link", { name: "Back to where you were" }).click();
  await page.waitForURL(`**${PLACE}/settings`);
  await context.close();
});
