// One person meets Harbour's flow and answers its survey; the team sees it; the same person is left alone; somebody else
// is never asked. Real Chromium, the installation's authority imported, every policy in force.
//
// Environment: SITE, SETUP_LINK, EDGE, API, HOME (with the authority in its NSS database), SCREENS (optional folder).
// Prints one line per step; exits 1 at the first that does not hold.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { everyScreen } from "./screens.mjs";

const { SITE, SETUP_LINK, EDGE, SCREENS } = process.env;
const WITHIN = 15_000;
const ANSWER = "Reminders would save me an evening a month";
const NEWCOMER = { name: "Nour Haddad", email: "nour.haddad@saltmarsh.example", company: "Saltmarsh Press" };

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
const edgeCookies = [];

function step(text) {
  console.log(`ok ${text}`);
}

async function screen(page, name) {
  if (SCREENS) {
    mkdirSync(SCREENS, { recursive: true });
    await page.screenshot({ path: join(SCREENS, `${name}.png`) });
  }
}

async function newPage(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(WITHIN);
  page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
  page.on("console", (message) => {
    if (/Content Security Policy|TrustedScript|Refused to/.test(message.text())) {
      complaints.push(`${page.url()}: ${message.text()}`);
    }
  });
  page.on("request", async (request) => {
    if (request.url().startsWith(EDGE)) {
      const headers = await request.allHeaders().catch(() => ({}));
      if (headers.cookie) {
        edgeCookies.push(request.url());
      }
    }
  });
  return page;
}

async function setUpTheTeam() {
  const page = await newPage();
  await page.goto(SETUP_LINK);
  await page.getByLabel("Organisation").fill("Harbour");
  await page.getByLabel("Your name").fill("Ana Reyes");
  await page.getByLabel("E-mail").fill("ana@example.org");
  await page.getByRole("textbox", { name: "Password" }).fill("correct horse battery staple");
  await page.getByRole("button", { name: "Create the organisation" }).click();
  await page.getByRole("heading", { name: "Home" }).waitFor();
  await screen(page, "home");
  return page;
}

async function signInAsNewcomer(page) {
  await page.goto(`${SITE}/sign-in`);
  await page.locator("#sign-in-new").click();
  await page.locator("#new-name").fill(NEWCOMER.name);
  await page.locator("#new-email").fill(NEWCOMER.email);
  await page.locator("#new-company").fill(NEWCOMER.company);
  await page.locator("#sign-in-submit").click();
  await page.locator("#nav-invoices").waitFor();
}

async function sendAnInvoice(page) {
  await page.locator("#nav-invoices").click();
  await page.locator("#new-invoice").click();
  await page.locator("#send-invoice").click();
  await page.waitForURL(/\/invoices(\/|\?|$)(?!new)/);
}

async function followTheFlow(page) {
  const root = page.locator("pilotfish-root");
  await root.getByText("Welcome to Harbour").waitFor();
  await screen(page, "flow-1");
  await root.getByRole("button", { name: "Show me" }).click();
  await root.getByText("Your invoices are in here").waitFor();
  await screen(page, "flow-2");
  await page.locator("#nav-invoices").click();
  await root.getByText("Write your first invoice").waitFor();
  assert.ok(page.url().endsWith("/invoices"), page.url());
  await screen(page, "flow-3");
  await root.getByRole("button", { name: "Got it" }).click();
  await root.getByText("Write your first invoice").waitFor({ state: "detached" });
}

async function answerTheSurvey(page) {
  const root = page.locator("pilotfish-root");
  await root.getByText("How likely are you to recommend Harbour").waitFor();
  await screen(page, "survey-1");
  await root.getByRole("radio", { name: "9", exact: false }).first().check({ force: true });
  await root.getByRole("button", { name: /next|send|done/i }).click();
  await root.getByRole("textbox").fill(ANSWER);
  await screen(page, "survey-2");
  await root.getByRole("button", { name: /next|send|done/i }).click();
  await root.getByText("Reminders for late invoices").click();
  await root.getByRole("button", { name: /next|send|done|finish/i }).click();
  await root.getByText("We read every answer.").waitFor();
  await screen(page, "survey-3");
}

/** The dashboard's own request, with its session. */
async function ask(page, path, method = "GET") {
  return page.evaluate(
    async ([path, method]) => {
      const me = await (await fetch("/api/v1/me")).json();
      const environment = me.apps[0].environments.find((one) => one.name === "production").id;
      const answer = await fetch(`/api/v1${path}`, { method, headers: { "pilotfish-environment": environment } });
      return { status: answer.status, body: await answer.json() };
    },
    [path, method],
  );
}

async function contentIds(team) {
  const [surveys, flows] = [await ask(team, "/surveys"), await ask(team, "/flows")];
  return { survey: surveys.body.data[0].id, flow: flows.body.data[0].id };
}

async function stored(page) {
  return page.evaluate(async () => ({
    cookies: document.cookie,
    local: Object.entries(localStorage),
    session: Object.entries(sessionStorage),
    databases: (await indexedDB.databases()).map((one) => one.name),
    caches: await caches.keys(),
  }));
}

/** The checklist of the demo goes by what happened. */
async function checklist(page, done, search) {
  await page.goto(new URL("/app/harbour/production/home", page.url()).href);
  if (search) {
    await page.getByLabel("What you entered").fill(search);
    await page.getByRole("button", { name: "Search the disk" }).click();
  }
  await page.getByText(`${done} of 4 done`).waitFor();
}

async function journey() {
  const team = await setUpTheTeam();
  const { survey, flow } = await contentIds(team);
  await checklist(team, 0);
  step("the team is in");

  const person = await newPage();
  await signInAsNewcomer(person);
  await followTheFlow(person);
  step("a new person meets the flow and follows it over two pages");

  await sendAnInvoice(person);
  await person.waitForTimeout(1500);
  assert.equal(await person.locator("pilotfish-root").getByText("How likely").count(), 0, "asked after one invoice");
  await sendAnInvoice(person);
  await team.goto(new URL(`/app/harbour/production/content/surveys/${survey}/results`, team.url()).href);
  await team.getByRole("heading", { level: 1 }).waitFor();
  const before = (await ask(team, `/surveys/${survey}/results`)).body;
  await answerTheSurvey(person);
  const answered = Date.now();
  let after = before;
  while (after.completed !== before.completed + 1) {
    assert.ok(Date.now() - answered < 2000, "the answer was not there within 2 seconds");
    after = (await ask(team, `/surveys/${survey}/results`)).body;
  }
  const nps = (results) => results.questions.find((question) => question.kind === "nps").nps;
  assert.equal(nps(after).promoters, nps(before).promoters + 1);
  assert.ok(!JSON.stringify(after).includes(ANSWER), "free text came without being asked for");
  step(`two invoices, the survey, and the team sees the answer after ${Date.now() - answered} ms`);
  await team.waitForTimeout(1500);
  await screen(team, "results");
  await checklist(team, 3);
  await checklist(team, 4, ANSWER);
  step("the checklist says what happened, the search of the disk too");

  const kept = await stored(person);
  assert.equal(kept.cookies, "");
  assert.equal(kept.local.length, 1, JSON.stringify(kept.local));
  assert.match(kept.local[0][1], /^[\w-]{20,64}$/);
  assert.deepEqual([kept.session, kept.databases, kept.caches], [[], [], []]);
  step("the page's storage holds the opaque credential and nothing else");

  await person.reload();
  await signInAsNewcomer(person);
  await person.waitForTimeout(2000);
  await sendAnInvoice(person);
  await person.waitForTimeout(2000);
  assert.equal(await person.locator("pilotfish-root").getByRole("dialog").count(), 0, "asked again");
  step("the same person, back, is left alone");

  const outsider = await newPage();
  await outsider.goto(`${SITE}/sign-in`);
  await outsider.locator('[data-user="usr_ingrid"]').click();
  await outsider.locator("#nav-invoices").waitFor();
  await outsider.waitForTimeout(2500);
  assert.equal(await outsider.locator("pilotfish-root").getByRole("dialog").count(), 0, "outside the audience");
  const why = (await ask(team, `/people/usr_ingrid/content/${flow}/why`)).body;
  assert.equal(why.shown, false);
  assert.equal(why.reason, "audience", JSON.stringify(why));
  step("somebody outside the audience is not shown it, and why says so");

  await everyScreen(team, newPage);
  step("every screen of the dashboard opens over the real server, wide and narrow");

  assert.deepEqual(edgeCookies, [], "a cookie reached the edge");
  assert.deepEqual(complaints, []);
  step("no policy was violated, no cookie reached the edge");
}

try {
  await journey();
} finally {
  await browser.close();
}
