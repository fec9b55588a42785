// Every screen of the dashboard over the real server, as a team of a filled installation sees it, wide and narrow: nothing
// may fail, be reported by the browser or stand out of the window. The dashboard's own browser tests have a stand-in for
// the server; this is what holds the two together.
import assert from "node:assert/strict";

const PLACE = "/app/harbour/production";
const SIZES = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];

/** Notes what goes wrong in a page: console errors, exceptions, refused and failed requests. */
function listen(page) {
  const wrong = [];
  const at = () => page.url().replace(/^https:\/\/[^/]+/, "");
  page.on("pageerror", (error) => wrong.push(`${at()}: ${error.message}`));
  page.on("console", (message) => message.type() === "error" && wrong.push(`${at()}: ${message.text()}`));
  page.on("response", (response) => response.status() >= 400 && wrong.push(`${at()}: ${response.status()} ${response.url()}`));
  page.on("requestfailed", (request) => {
    // What a page asked for and no longer wants when it is left.
    if (request.failure()?.errorText !== "net::ERR_ABORTED") {
      wrong.push(`${at()}: ${request.failure()?.errorText} ${request.url()}`);
    }
  });
  return wrong;
}

/** The addresses that a list links to. */
async function links(page, part) {
  const all = page.locator(`main a[href*="${part}"]`);
  await all.first().waitFor();
  return all.evaluateAll((anchors) => anchors.map((anchor) => anchor.getAttribute("href")));
}

async function settled(page) {
  await page.getByRole("heading", { level: 1 }).filter({ hasNotText: "…" }).waitFor();
  await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
  assert.equal(await page.getByText("This could not be loaded").count(), 0, `${page.url()} could not be loaded`);
}

async function fits(page, what) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(over <= 0, `${what} stands out by ${over} px at ${page.viewportSize().width}`);
}

/** One of each screen, found by following the lists' own links. */
async function addresses(page, origin) {
  const found = ["/home", "/content", "/content/deleted", "/people", "/companies", "/insights", "/insights/deleted", "/insights/new/trend", "/settings", "/settings/members", "/settings/security", "/account", "/account/signing-in", "/account/sessions"].map((part) => PLACE + part);
  await page.goto(`${origin}${PLACE}/content`);
  const content = (await links(page, "/content/")).filter((address) => !address.endsWith("/deleted"));
  for (const kind of ["surveys", "flows"]) {
    const editor = content.find((address) => new RegExp(`/content/${kind}/[^/]+$`).test(address));
    assert.ok(editor, `a link to one of ${kind}`);
    found.push(editor, `${editor}/results`);
  }
  await page.goto(`${origin}${PLACE}/insights`);
  found.push(...(await links(page, "/insights/rep_")));
  for (const [list, prefix] of [["people", "per_"], ["companies", "cmp_"]]) {
    await page.goto(`${origin}${PLACE}/${list}`);
    const own = await links(page, `/${list}/`);
    assert.ok(own.every((address) => address.includes(`/${list}/${prefix}`)), `the customer's ids stand in ${own[0]}`);
    found.push(own[0]);
  }
  await page.goto(origin + found.at(-2));
  await settled(page);
  await page.goto(origin + found.find((address) => /surveys.*results/.test(address)));
  const whose = await links(page, "/people/");
  assert.ok(whose.every((address) => address.includes("/people/per_")), `the customer's ids stand in ${whose[0]}`);
  return found;
}

/** The editor says how many people its audience matches now. */
async function audience(page, origin) {
  await page.goto(`${origin}${PLACE}/content`);
  const editor = (await links(page, "/content/")).find((address) => /\/content\/flows\/[^/]+$/.test(address));
  await page.goto(origin + editor);
  await page.getByRole("tab", { name: "Audience" }).click();
  await page.getByText(/^[\d,]+ of [\d,]+ people match now\./).waitFor();
  await fits(page, "the audience");
}

/** A saved question's figures are the api's, and its numbers lead to people. */
async function questions(page, origin) {
  await page.goto(`${origin}${PLACE}/insights`);
  for (const address of await links(page, "/insights/rep_")) {
    const answering = page.waitForResponse((response) => response.url().endsWith("/api/v1/query"));
    await page.goto(origin + address);
    const answer = await (await answering).json();
    const first = answer.series?.[0]?.total ?? answer.steps?.[0]?.count ?? answer.cohorts?.[0]?.count;
    assert.ok(first > 0, `${address} has an answer: ${JSON.stringify(answer).slice(0, 200)}`);
    const text = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 2 }).format(first);
    const number = page.locator(`button[aria-label^="${text}: "]`).first();
    await number.click();
    const drawer = page.getByRole("dialog");
    await drawer.getByRole("link").first().waitFor();
    assert.match(await drawer.innerText(), /[\d,]+ (people|person)/);
    await fits(page, `who are these of ${address}`);
  }
}

async function actions(page, origin) {
  await audience(page, origin);
  await questions(page, origin);
  await page.goto(`${origin}${PLACE}/home`);
  await settled(page);
  await page.keyboard.press("Control+k");
  await page.getByLabel("Command", { exact: true }).waitFor();
  await page.keyboard.type("welcome");
  await page.getByRole("button", { name: /^Welcome aboard/ }).waitFor();
  await fits(page, "the command palette");
  await page.keyboard.press("Escape");
  await page.getByLabel("What you entered").fill("nobody wrote this");
  await page.getByRole("button", { name: "Search the disk" }).click();
  await page.getByText("In a plain control file").waitFor();
  await fits(page, "what was found on the disk");
  await page.goto(`${origin}${PLACE}/people`);
  await page.getByRole("searchbox").fill("nobody@example.org");
  await page.getByText("Nobody has exactly this e-mail").waitFor();
  await page.goto(`${origin}${PLACE}/companies`);
  await page.getByRole("searchbox").fill("no-such-company");
  await page.getByText("No company has exactly the id").waitFor();
}

/** Visits every screen; `newPage` gives a page without a session. */
export async function everyScreen(team, newPage) {
  const { origin } = new URL(team.url());
  const wrong = listen(team);
  try {
    for (const size of SIZES) {
      await team.setViewportSize(size);
      await visit(team, origin);
      const stranger = await newPage({ viewport: size });
      await stranger.goto(`${origin}/sign-in`);
      await stranger.getByRole("heading", { name: "Sign in" }).waitFor();
      await fits(stranger, "/sign-in");
      await stranger.context().close();
    }
  } finally {
    // Whatever else came to nothing did so because of this.
    assert.deepEqual(wrong, []);
  }
}

async function visit(page, origin) {
  for (const address of await addresses(page, origin)) {
    await page.goto(origin + address);
    await settled(page);
    await page.waitForTimeout(500);
    await fits(page, address);
  }
  await actions(page, origin);
}
