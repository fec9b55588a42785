/** Every page at both widths and themes: axe finds nothing, nothing sticks out, and a picture is kept to look at. */
import { mkdirSync } from "node:fs";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, open, type Site, serve, signInAs } from "./harness";

const PICTURES = new URL("./screenshots/", import.meta.url);
const WIDTHS = [1440, 390];
const THEMES = ["light", "dark"] as const;
const PATHS = ["/overview", "/invoices", "/invoices/new", "/invoices/1037", "/customers", "/nowhere"];

let browser: Browser;
let site: Site;

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  browser = await launch();
  site = await serve("served");
});
afterAll(async () => {
  await browser.close();
  await site.close();
});

async function inspect(page: Page, name: string) {
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: new URL(`${name}.png`, PICTURES).pathname, fullPage: true });
  await page.evaluate(axe.source);
  const found = await page.evaluate(() => (window as unknown as { axe: typeof axe }).axe.run(document));
  expect(found.violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)])).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
}

describe.each(WIDTHS)("at %i px", (width) => {
  describe.each(THEMES)("%s", (theme) => {
    const look = { viewport: { width, height: width === 390 ? 844 : 900 }, colorScheme: theme, bypassCSP: true };
    const shot = (path: string) => `${path.slice(1).replaceAll("/", "-")}-${width}-${theme}`;

    it("/sign-in", async () => {
      const page = await open(browser, look);
      await page.goto(site.origin);
      await page.waitForSelector(".person");
      await inspect(page, shot("/sign-in"));
      await page.context().close();
    });

    it.each(PATHS)("%s", async (path) => {
      const page = await open(browser, look);
      await signInAs(page, site, "usr_maya", path);
      if (path === "/customers") await page.click("#add-customer");
      await inspect(page, shot(path));
      await page.context().close();
    });
  });
});
