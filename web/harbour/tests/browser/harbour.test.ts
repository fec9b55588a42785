import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Call, launch, open, pathOf, type Site, serve, signInAs } from "./harness";

let browser: Browser;
let site: Site;
let page: Page;

beforeAll(async () => {
  browser = await launch();
  site = await serve("served");
});
afterAll(async () => {
  await browser.close();
  await site.close();
});
afterEach(() => page.context().close());

const calls = (): Promise<Call[]> => page.evaluate(() => window.recorded ?? []);
const violations = (): Promise<string[]> => page.evaluate(() => window.violations ?? []);

describe("signing in", () => {
  it("identifies a demo person with plan, company and token", async () => {
    page = await open(browser);
    await signInAs(page, site, "usr_maya");
    expect(pathOf(page)).toBe("/overview");
    await expect.poll(calls).toEqual([
      [
        "identify",
        "usr_maya",
        { name: "Maya Lindqvist", email: "maya@tidewater.example", plan: "trial", role: "owner" },
        {
          company: { id: "co_tidewater", attributes: { name: "Tidewater Studio", plan: "trial", size: 4 } },
          token: "not-a-signed-token",
        },
      ],
    ]);
  });

  it("takes somebody new on a trial", async () => {
    page = await open(browser);
    await page.goto(site.origin);
    await page.fill("#new-name", "Robin Vale");
    await page.fill("#new-email", "robin@vale.example");
    await page.click("#sign-in-submit");
    await page.waitForSelector("#user-name");
    expect((await calls())[0]?.[2]).toMatchObject({ name: "Robin Vale", email: "robin@vale.example", plan: "trial" });
  });

  it("leads to the page that was asked for, and only within this site", async () => {
    page = await open(browser);
    await signInAs(page, site, "usr_maya", "/invoices?status=paid");
    await expect.poll(() => page.url()).toBe(`${site.origin}/invoices?status=paid`);
    await signInAs(page, site, "usr_maya", "/sign-in?next=//evil.example/x");
    await expect.poll(() => page.url()).toBe(`${site.origin}/overview`);
  });

  it("ends with a reset, and stores nothing", async () => {
    page = await open(browser);
    await signInAs(page, site, "usr_maya");
    const stored = () => page.evaluate(() => localStorage.length + sessionStorage.length + document.cookie.length);
    expect(await stored()).toBe(0);
    await page.click("#sign-out");
    await page.waitForSelector('[data-user="usr_maya"]');
    expect((await calls()).at(-1)).toEqual(["reset"]);
  });

  it("says so when the back end does not answer", async () => {
    page = await open(browser);
    await page.route("**/session", (route) => route.abort());
    await page.goto(site.origin);
    await page.click('[data-user="usr_maya"]');
    await page.waitForSelector('[role="alert"]');
    expect(await page.isEnabled('[data-user="usr_maya"]')).toBe(true);
  });
});

describe("pages", () => {
  it("have addresses of their own, work backwards, and never reload", async () => {
    page = await open(browser);
    await signInAs(page, site, "usr_maya");
    const loaded = await page.evaluate(() => performance.timeOrigin);
    for (const [selector, path] of [
      ["#nav-invoices", "/invoices"],
      ["#new-invoice", "/invoices/new"],
      ["#nav-customers", "/customers"],
      ["#nav-overview", "/overview"],
    ] as const) {
      await page.click(selector);
      await expect.poll(() => pathOf(page)).toBe(path);
      await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe("H1");
    }
    for (const path of ["/customers", "/invoices/new", "/invoices", "/overview"]) {
      await page.goBack();
      await expect.poll(() => pathOf(page)).toBe(path);
    }
    await page.goForward();
    await expect.poll(() => page.title()).toBe("Invoices · Harbour");
    expect(await page.evaluate(() => performance.timeOrigin)).toBe(loaded);
  });

  it("do not move when the SDK is blocked", async () => {
    const blocked = await serve("blocked");
    page = await open(browser);
    await signInAs(page, blocked, "usr_tomas");
    await sendInvoice();
    const queued = await page.evaluate(() => (window.pilotfish as unknown as { q: Call[] }).q);
    expect(queued.map(([method, name]) => [method, name])).toEqual([
      ["identify", "usr_tomas"],
      ["track", "Invoice Created"],
      ["track", "Invoice Sent"],
    ]);
    await blocked.close();
  });
});

async function sendInvoice() {
  await page.click("#nav-invoices");
  await page.click("#new-invoice");
  await page.click("#send-invoice");
  await page.waitForSelector(".notice");
}

describe("work", () => {
  it("sends two invoices in a few clicks, to two customers, without a violation", async () => {
    page = await open(browser);
    await signInAs(page, site, "usr_maya");
    await sendInvoice();
    const first = await page.textContent(".notice");
    await page.click("#new-invoice");
    await page.click("#send-invoice");
    await expect.poll(() => page.textContent(".notice")).not.toBe(first);
    const tracked = (await calls()).filter(([method]) => method === "track");
    expect(tracked.map(([, name]) => name)).toEqual([
      "Invoice Created",
      "Invoice Sent",
      "Invoice Created",
      "Invoice Sent",
    ]);
    expect(tracked[1]?.[2]).toEqual({ amount: 672, currency: "EUR" });
    expect(await violations()).toEqual([]);
  });

  it("keeps a draft, sends it later, and takes the money", async () => {
    page = await open(browser);
    await signInAs(page, site, "usr_maya", "/invoices/new");
    await page.selectOption("#invoice-customer", { label: "Lumen Theatre" });
    expect(await page.textContent(".paper-facts")).toContain("Lumen Theatre");
    await page.click("#save-draft");
    await page.click('tr[data-status="draft"] a');
    await page.click("#send-invoice");
    await page.click('tr[data-status="sent"] a');
    await page.click("#mark-paid");
    expect(await page.textContent(".notice")).toContain("is paid");
  });

  it("refuses an invoice of nothing, and says why", async () => {
    page = await open(browser);
    await signInAs(page, site, "usr_maya", "/invoices/new");
    await page.fill(".line-description input", "");
    await page.click("#send-invoice");
    await page.waitForSelector('[role="alert"]');
    expect(pathOf(page)).toBe("/invoices/new");
  });

  it("adds a customer by keyboard alone", async () => {
    page = await open(browser);
    await signInAs(page, site, "usr_maya", "/customers");
    await page.focus("#add-customer");
    await page.keyboard.press("Enter");
    await page.keyboard.type("Quay Books");
    await page.keyboard.press("Tab");
    await page.keyboard.type("till@quay.example");
    await page.keyboard.press("Enter");
    await page.waitForSelector('tr:has-text("Quay Books")');
    expect((await calls()).at(-1)).toEqual(["track", "Customer Added", {}]);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("add-customer");
    expect(await violations()).toEqual([]);
  });

  it("would notice a violation", async () => {
    page = await open(browser);
    await signInAs(page, site, "usr_maya");
    await page.evaluate(() => {
      const style = document.createElement("style");
      document.head.append(style);
      style.textContent = "p{color:red}";
      document.body.setAttribute("style", "color:red");
    });
    expect((await violations()).length).toBeGreaterThan(0);
  });
});
