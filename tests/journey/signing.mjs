// A team signs in: password, authenticator app, recovery codes, passkeys, a fresh proof in the middle of something, sessions
// that end elsewhere, an invitation by a link, and an organisation that asks for a second factor. Real Chromium against a
// new installation without a mail server.
//
// Environment: SETUP_LINK, HOME (with the authority in its NSS database), SCREENS (optional folder).
// Prints one line per step; exits 1 at the first that does not hold.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { authenticatorApp, passkeyDevice } from "./factors.mjs";

const { SETUP_LINK, SCREENS } = process.env;
const { origin } = new URL(SETUP_LINK);
const WITHIN = 30_000;
const ANA = { name: "Ana Reyes", email: "ana@example.org", password: "correct horse battery staple" };
const BO = { name: "Bo Lindqvist", email: "bo@example.org", password: "seven herons stand at noon" };
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
const complaints = [];

function step(text) {
  console.log(`ok ${text}`);
}

async function newPage(options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    locale: "en-GB",
    reducedMotion: "reduce",
    permissions: ["clipboard-read", "clipboard-write"],
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(WITHIN);
  page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
  page.on("console", (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) {
      complaints.push(`${page.url()}: ${message.text()}`);
    }
  });
  return page;
}

/** A screen as it is now: photographed, and nothing for axe-core to find; menus and notices are the library's own. */
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
const field = (page, label) => page.getByLabel(label, { exact: true });
const focused = (page) => page.evaluate(() => document.activeElement?.id && document.querySelector(`label[for="${document.activeElement.id}"]`)?.textContent);

/** The place that the page's environment has, so that no test names an app. */
const placeOf = (page) => new URL(page.url()).pathname.split("/").slice(0, 4).join("/");

async function password(page, who, typed = who.password) {
  await field(page, "E-mail").fill(who.email);
  await field(page, "Password").fill(typed);
  await page.keyboard.press("Enter");
}

async function signOut(page) {
  await page.getByRole("button", { name: /^Account/ }).filter({ visible: true }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await heading(page, "Sign in");
}

/** Gives the code of the app at the second step. Pasted as an app copies it: in two groups. */
async function giveCode(page, app) {
  const code = await app.code();
  const other = button(page, "Use the authenticator app");
  await field(page, "Code of your authenticator app").or(other).waitFor();
  if (await other.isVisible()) {
    await other.click();
  }
  await field(page, "Code of your authenticator app").fill(`${code.slice(0, 3)} ${code.slice(3)}`);
  await page.keyboard.press("Enter");
}

/** Keeps the recovery codes that are shown, and says so. */
async function keepCodes(page) {
  const shown = page.getByRole("list", { name: "Recovery codes" }).getByRole("listitem");
  await shown.first().waitFor();
  const codes = await shown.allTextContents();
  assert.equal(new Set(codes).size, 10);
  assert.ok(await button(page, "Done").isDisabled(), "the codes are kept before one goes on");
  await button(page, "Copy").click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), codes.join("\n"));
  const download = page.waitForEvent("download");
  await button(page, "Download").click();
  assert.equal((await download).suggestedFilename(), "pilotfish-recovery-codes.txt");
  await page.getByRole("checkbox").check();
  await button(page, "Done").click();
  return codes;
}

async function setUpApp(page) {
  await button(page, "Set up an app").click();
  await page.getByRole("img", { name: /QR code/ }).waitFor();
  const app = authenticatorApp(await page.locator("code").first().textContent());
  await field(page, "Code of the app").fill(await app.code());
  await page.keyboard.press("Enter");
  return app;
}

async function setUp() {
  const page = await newPage();
  await page.goto(SETUP_LINK);
  await field(page, "Organisation").fill("Harbour");
  await field(page, "Your name").fill(ANA.name);
  await field(page, "E-mail").fill(ANA.email);
  await page.getByRole("textbox", { name: "Password" }).fill(ANA.password);
  await button(page, "Create the organisation").click();
  await heading(page, "Home");
  return page;
}

async function appAndCodes(page) {
  await page.goto(`${origin}${placeOf(page)}/account/signing-in`);
  await heading(page, "Signing in");
  const app = await setUpApp(page);
  const codes = await keepCodes(page);
  await page.getByText("10 are left.").waitFor();
  await look(page, "signing-in");
  step("an authenticator app is set up, and ten recovery codes are kept");

  await signOut(page);
  await password(page, ANA);
  await heading(page, "Prove that it is you");
  await button(page, "Use the authenticator app").or(field(page, "Code of your authenticator app")).first().waitFor();
  await field(page, "Code of your authenticator app").fill("000000");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  assert.match(await focused(page), /^Code of your/, "the focus is back at the field");
  await look(page, "second-factor-wrong");
  await giveCode(page, app);
  await heading(page, "Home");
  step("a wrong code is refused, and the right one, pasted with a space, signs in");

  await signOut(page);
  await password(page, ANA);
  await button(page, "Use a recovery code").click();
  await field(page, "Recovery code").fill(codes[0].toUpperCase());
  await page.keyboard.press("Enter");
  await heading(page, "Home");
  await signOut(page);
  await password(page, ANA);
  await button(page, "Use a recovery code").click();
  for (const code of codes.slice(0, 2)) {
    await field(page, "Recovery code").fill(code);
    await page.keyboard.press("Enter");
    if (code === codes[0]) {
      await page.getByRole("alert").waitFor();
    }
  }
  await heading(page, "Home");
  step("a recovery code signs in once, in whatever case it is typed");
  return app;
}

async function passkeys(page) {
  const device = await passkeyDevice(page);
  await page.goto(`${origin}${placeOf(page)}/account/signing-in`);
  await button(page, "Add a passkey").click();
  await page.getByText(/^Passkey, made with/).waitFor();
  assert.equal((await device.credentials()).length, 1);
  // The page offers the passkey in its field, too: nobody touches the device for that.
  await device.present(false);
  const offered = page.waitForResponse((response) => response.url().endsWith("/api/v1/passkeys/challenge"));
  await signOut(page);
  await offered;
  await page.waitForTimeout(500);
  await device.present(true);
  await button(page, "Sign in with a passkey").click();
  await heading(page, "Home");
  step("a passkey is made, and signs in without a password");
  return device;
}

/** Whatever asks for a fresh proof: the dialog asks, and the request is sent again by itself. */
async function stepUp(page, app) {
  await page.goto(`${origin}${placeOf(page)}/account/signing-in`);
  const sent = [];
  let refusals = 2;
  await page.route("**/api/v1/account/password", async (route) => {
    sent.push(route.request().postData());
    if (refusals > 0) {
      refusals -= 1;
      const problem = { type: "about:blank", title: "a fresh proof is needed", status: 403, code: "step_up_required", next: ["totp", "recovery_code"] };
      return route.fulfill({ status: 403, contentType: "application/problem+json", body: JSON.stringify(problem) });
    }
    return route.continue();
  });
  const changed = "nine otters float on their backs";
  await field(page, "New password").fill(changed);
  await button(page, "Change the password").click();
  await page.getByRole("dialog", { name: "Confirm that it is you" }).waitFor();
  await look(page, "step-up");
  await page.keyboard.press("Escape");
  await page.getByText(/only after a fresh proof/).waitFor();
  assert.equal(await field(page, "New password").inputValue(), changed, "what was entered stays");
  await button(page, "Change the password").click();
  await giveCode(page, app);
  await page.getByText("Your password is changed.").waitFor();
  assert.equal(sent.length, 3, "refused and given up, refused, and sent again");
  assert.equal(new Set(sent).size, 1, "the same each time");
  await page.unroute("**/api/v1/account/password");
  ANA.password = changed;
  step("a fresh proof is asked for in the middle of something, which then goes on");
}

/** A session that is ended elsewhere: nothing of it stays, and the sign-in leads back. */
async function endedElsewhere(page, app) {
  const other = await newPage({ viewport: { width: 390, height: 844 } });
  await other.goto(`${origin}${placeOf(page)}/account`);
  await heading(other, "Sign in");
  await password(other, ANA);
  await giveCode(other, app);
  await heading(other, "Your account");
  await other.getByText(ANA.email).first().waitFor();
  await look(other, "account-390");

  await page.goto(`${origin}${placeOf(page)}/account/sessions`);
  await page.getByText("this session", { exact: true }).waitFor();
  await look(page, "sessions");
  await button(page, "End the other session").or(button(page, /^End all \d+ others$/)).click();
  await page.getByRole("dialog").getByRole("button", { name: /^End/ }).click();
  await page.getByText(/session(s have| has) ended/).waitFor();

  await other.getByRole("link", { name: "Sessions" }).click();
  await other.getByText("Your session is over.").waitFor();
  assert.ok(!(await other.content()).includes(ANA.email), "nothing personal stays on the page");
  await password(other, ANA);
  await giveCode(other, app);
  await other.waitForURL(/\/account/);
  step("a session that ended elsewhere is out at the next click, and comes back to where it was");
  await other.context().close();
}

async function invite(page) {
  await page.goto(`${origin}${placeOf(page)}/settings/members`);
  await button(page, "Invite somebody").click();
  await field(page, "E-mail").fill(BO.email);
  await page.getByRole("dialog").getByRole("radio", { name: "Viewer" }).check();
  await button(page, "Invite").click();
  const link = (await page.getByRole("region", { name: "The link" }).textContent()).trim();
  assert.match(link, /\/invitation#token=.{20,}$/);
  await look(page, "invitation-link");
  await button(page, "Done").click();
  await page.getByRole("button", { name: `Withdraw the invitation of ${BO.email}` }).waitFor();
  await look(page, "members");
  return link;
}

async function accept(link) {
  const page = await newPage();
  const sent = [];
  page.on("request", (request) => sent.push(`${request.url()} ${request.headers().referer ?? ""}`));
  await page.goto(`${link.slice(0, -4)}zzzz`);
  await heading(page, "This link does not work");
  await page.goto("about:blank");
  await page.goto(link);
  await heading(page, "Harbour invites you");
  assert.ok(!page.url().includes("token"), "the token is taken out of the address");
  await look(page, "invitation");
  await field(page, "Your name").fill(BO.name);
  await field(page, "Password").fill("short");
  await page.keyboard.press("Enter");
  await page.locator("[aria-invalid=true]").waitFor();
  await field(page, "Password").fill(BO.password);
  await page.keyboard.press("Enter");
  await heading(page, "Home");
  assert.deepEqual(sent.filter((line) => line.includes("token=")), [], "the token is in no request's address");
  step("somebody joins by a link, which works once and stands in no address");
  return page;
}

async function suspend(page, member) {
  await page.reload();
  for (const [item, action, outcome] of [
    ["Suspend", `Suspend ${BO.name}`, "is suspended"],
    ["Let them work again", `Let ${BO.name} work`, "may work here again"],
  ]) {
    await button(page, `Actions for ${BO.name}`).click();
    await page.getByRole("menuitem", { name: item }).click();
    await page.getByRole("dialog").getByRole("button", { name: action }).click();
    await page.getByText(outcome).first().waitFor();
    if (item === "Suspend") {
      await member.getByRole("link", { name: "People" }).first().click();
      await heading(member, "Sign in");
      await password(member, BO);
      await member.getByRole("alert").waitFor();
      await look(member, "sign-in-refused");
    }
  }
  step("who is suspended is out at the next click, and may come back when let");
}

async function policy(page, member) {
  await page.goto(`${origin}${placeOf(page)}/settings/security`);
  await heading(page, "Security");
  await page.getByRole("radio", { name: "Any second factor" }).check();
  await page.getByLabel("Days to set it up").fill("0");
  await look(page, "security");
  await button(page, "Save the rules").click();
  await page.getByText("These rules hold from now on.").waitFor();

  await field(member, "Password").fill("");
  await password(member, BO);
  await heading(member, "Set up a second factor");
  await look(member, "enrolment");
  await member.goto(`${origin}/`);
  await heading(member, "Set up a second factor");
  await setUpApp(member);
  await keepCodes(member);
  await heading(member, "Home");
  step("an organisation that asks for a second factor lets nobody do anything before it");
}

/** What the browser keeps: where one was and the scheme, nothing that opens anything. */
async function stored(page) {
  const kept = await page.evaluate(() => ({ local: Object.keys(localStorage), session: Object.keys(sessionStorage), cookies: document.cookie }));
  assert.equal(kept.cookies, "", "no cookie is open to scripts");
  assert.deepEqual(kept.local.filter((key) => !["pilotfish.place", "mantine-color-scheme-value"].includes(key)), []);
  assert.deepEqual(kept.session.filter((key) => !key.startsWith("tsr-scroll")), []);
  step("nothing secret is in the browser's storage");
}

async function tooMany() {
  const page = await newPage();
  await page.goto(`${origin}/sign-in`);
  await heading(page, "Sign in");
  const stopped = page.getByText(/^Too many attempts\. Try again in \d+:\d\d\./);
  const secondsLeft = async () => {
    const [, minutes, seconds] = /(\d+):(\d\d)/.exec((await stopped.allTextContents()).join()) ?? [0, 0, 0];
    return Number(minutes) * 60 + Number(seconds);
  };
  // The first waits are of a second or two.
  for (let guesses = 0; guesses < 60 && (await secondsLeft()) < 6; guesses += 1) {
    await button(page, "Sign in").and(page.locator(":enabled")).waitFor();
    const answer = page.waitForResponse((response) => response.url().endsWith("/api/v1/sessions"));
    await password(page, { email: "nobody@example.org" }, `a wrong guess number ${guesses}`);
    await answer;
    await page.waitForTimeout(100);
  }
  await stopped.waitFor();
  assert.ok(await button(page, "Sign in").isDisabled());
  const first = await stopped.textContent();
  await page.waitForTimeout(1_500);
  assert.notEqual(await stopped.textContent(), first, "it counts down");
  await look(page, "too-many");
  step("too many guesses are counted down");
}

try {
  const ana = await setUp();
  const app = await appAndCodes(ana);
  await passkeys(ana);
  await stepUp(ana, app);
  await endedElsewhere(ana, app);
  const bo = await accept(await invite(ana));
  await suspend(ana, bo);
  await policy(ana, bo);
  await stored(ana);
  await tooMany();
  assert.deepEqual(complaints, []);
  step("no policy was violated");
} catch (error) {
  const pages = SCREENS ? browser.contexts().flatMap((context) => context.pages()) : [];
  await Promise.all(pages.map((page, number) => page.screenshot({ path: join(SCREENS, `failed-${number}.png`) })));
  throw error;
} finally {
  await browser.close();
}
