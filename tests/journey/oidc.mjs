// Signing in over an identity provider, in Chromium, against the server and `oidc-provider` (tests/oidc): an owner adds it, links their
// own identity, somebody new comes over it, it is required, and the owner gets in without.
//
// Environment: DASHBOARD, EMAIL, PASSWORD, HOME (with the authority in its NSS database), SCREENS (optional folder).
// Prints one line per step; exits 1 at the first that does not hold.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { authenticatorApp } from "./factors.mjs";

const { DASHBOARD, EMAIL, PASSWORD, SCREENS } = process.env;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const script = fileURLToPath(new URL("../oidc/provider.mjs", import.meta.url));
const child = spawn(process.execPath, [script], {
  stdio: ["pipe", "pipe", "inherit"],
});
const [first] = await new Promise((resolve) => createInterface(child.stdout).once("line", (line) => resolve([line])));
const { issuer, secret } = JSON.parse(first);
const is = (account) => fetch(`${issuer}/account`, { method: "PUT", body: JSON.stringify(account) });

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"],
});
const complaints = [];

async function newPage(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
  page.on("console", (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) {
      complaints.push(`${page.url()}: ${message.text()}`);
    }
  });
  return page;
}

async function look(page, name) {
  await page.waitForTimeout(250);
  if (SCREENS) {
    mkdirSync(SCREENS, { recursive: true });
    await page.screenshot({ path: join(SCREENS, `${name}.png`), fullPage: true });
  }
  await page.evaluate(axe);
  const { violations } = await page.evaluate("axe.run(document, { iframes: false })");
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 160)}`), [], name);
}

const heading = (page, name) => page.getByRole("heading", { name }).first().waitFor();
const button = (page, name) => page.getByRole("button", { name, exact: typeof name === "string" });
const placeOf = (page) => new URL(page.url()).pathname.split("/").slice(0, 4).join("/");

async function password(page) {
  await page.getByLabel("E-mail", { exact: true }).fill(EMAIL);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.keyboard.press("Enter");
}

const ana = await newPage();
await ana.goto(`${DASHBOARD}/sign-in`);
await password(ana);
await ana.waitForURL("**/home");
const place = placeOf(ana);
await ana.goto(`${DASHBOARD}${place}/settings/security`);
await button(ana, "Add an identity provider").click();
await ana.getByLabel("Name", { exact: true }).fill("Acme");
await ana.getByLabel("Issuer", { exact: true }).fill(issuer);
await ana.getByLabel("Client id", { exact: true }).fill("RS256");
await ana.getByLabel("Client secret", { exact: true }).fill(secret);
await ana.getByLabel("Domains that it is the authority for").fill("acme.example");
await ana.keyboard.press("Enter");
await look(ana, "add");
await button(ana, "Add").click();
const redirect = await ana.locator("code", { hasText: "/sign-in/oidc/callback/idp_" }).textContent();
assert.ok(redirect.startsWith(`${DASHBOARD}/sign-in/oidc/callback/idp_`), redirect);
await fetch(`${issuer}/clients/RS256`, { method: "PUT", body: redirect });
await button(ana, "Test Acme").click();
await ana.getByText("It answers as it should, with 3 keys.").waitFor();
await look(ana, "security");
console.log("ok an owner adds a provider, and it answers");

await is({ sub: "ana", email: "ana@acme.example", email_verified: true, name: "Ana Acme" });
await ana.goto(`${DASHBOARD}${place}/account/signing-in`);
await button(ana, "Link Acme").click();
await ana.getByText("Acme, for").waitFor();
await look(ana, "linked");
console.log("ok they link their own identity");

// A second factor is set up first, so that the owner gets in without the provider.
await button(ana, "Set up an app").click();
const app = authenticatorApp(await ana.locator("code").first().textContent());
await ana.getByLabel("Code of the app").fill(await app.code());
await ana.keyboard.press("Enter");
await ana.getByRole("checkbox").check();
await button(ana, "Done").click();

await is({ sub: "bo", email: "bo@acme.example", email_verified: true, name: "Bo Acme" });
const bo = await newPage();
await bo.goto(`${DASHBOARD}/sign-in?next=${encodeURIComponent(`${place}/people`)}`);
await button(bo, "Sign in with Acme").waitFor();
await look(bo, "sign-in");
await button(bo, "Sign in with Acme").press("Enter");
await bo.waitForURL(`**${place}/people`);
await heading(bo, "People");
assert.equal(new URL(bo.url()).search, "", "nothing of the provider stays in the address");
console.log("ok somebody new signs in over it and is where they wanted to go");

await ana.goto(`${DASHBOARD}${place}/settings/security`);
await ana.getByLabel("Members must sign in over an identity provider").press("Space");
await look(ana, "require");
await button(ana, "Require it").click();
await ana.getByText("Members must sign in over an identity provider from now on.").waitFor();
await bo.reload();
await heading(bo, "People");
console.log("ok it is required, and who came over it stays");

const organisation = (await ana.getByText("They sign in at").textContent()).match(/org_[0-9a-z]+/)[0];
const anew = await newPage({ viewport: { width: 390, height: 844 }, colorScheme: "dark" });
await anew.goto(`${DASHBOARD}/sign-in/${organisation}`);
await look(anew, "required-390");
await button(anew, "Sign in another way").click();
await password(anew);
await anew.getByLabel("Code of your authenticator app").fill(await app.code());
await anew.keyboard.press("Enter");
await anew.waitForURL("**/home");
console.log("ok the owner gets in without, with a second factor");

const refused = await newPage();
await refused.goto(`${redirect}?state=made-up&code=made-up`);
await refused.getByText("This took more than ten minutes").waitFor();
assert.equal(new URL(refused.url()).search, "");
await look(refused, "refused");
console.log("ok what is made up is refused, and said so");

assert.deepEqual(complaints, []);
await browser.close();
child.stdin.end();
