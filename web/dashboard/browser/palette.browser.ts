/** ⌘K with the keyboard alone: sections, content by its name, people and companies by what the customer calls them. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, open, PLACE, start } from "./harness";
import { focusedId, openPalette } from "./keys";

let harness: Harness;

beforeAll(async () => {
  harness = await start();
});
afterAll(() => harness.close());

async function home() {
  const opened = await open(harness);
  await opened.page.goto(`${PLACE}/home`);
  await opened.page.getByRole("heading", { name: "Home" }).waitFor();
  return opened;
}

/** Types into the palette and takes what is chosen first. */
async function command(page: Page, text: string, first: RegExp): Promise<void> {
  await openPalette(page);
  await page.keyboard.type(text);
  await page.locator("[data-selected=true]").filter({ hasText: first }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByLabel("Command", { exact: true }).waitFor({ state: "detached" });
}

it("finds content by its name, and its results", async () => {
  const { page, context, complaints } = await home();
  await command(page, "welcome harb", /Welcome to Harbour/);
  await page.waitForURL("**/content/flows/flw_welcome");
  await page.getByRole("heading", { name: "Welcome to Harbour" }).waitFor({ state: "attached" });
  await expect.poll(() => focusedId(page)).toBe("page");
  await command(page, "results nps", /Results of “NPS/);
  await page.waitForURL("**/content/surveys/srv_nps/results");
  expect(complaints).toEqual([]);
  await context.close();
});

it("goes to people, to companies and to what was deleted", async () => {
  const { page, context, complaints } = await home();
  for (const [text, first, path] of [
    ["people", /^People/, "/people"],
    ["compan", /^Companies/, "/companies"],
    ["deleted", /Deleted content/, "/content/deleted"],
  ] as const) {
    await command(page, text, first);
    await page.waitForURL(`**${PLACE}${path}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
  }
  expect(complaints).toEqual([]);
  await context.close();
});

it("opens somebody by the customer's id or e-mail, and the address never has either", async () => {
  const { page, context, complaints } = await home();
  const addresses: string[] = [];
  page.on("framenavigated", (frame) => addresses.push(frame.url()));
  for (const [text, what, path, title] of [
    ["u-2408", /person with the id/, "/people/per_00007", "u-2408"],
    ["c-1004", /company with the id/, "/companies/cmp_0003", "Kiln & Clay"],
  ] as const) {
    await openPalette(page);
    await page.keyboard.type(text);
    await page.getByRole("button", { name: what }).waitFor();
    while (!(await page.locator("[data-selected=true]").filter({ hasText: what }).isVisible())) {
      await page.keyboard.press("ArrowDown");
    }
    await page.keyboard.press("Enter");
    await page.getByLabel("Command", { exact: true }).waitFor({ state: "detached" });
    await page.waitForURL(`**${PLACE}${path}`);
    await page.getByRole("heading", { level: 1, name: title }).waitFor();
  }
  await openPalette(page);
  await page.keyboard.type("nobody@example.com");
  await page.getByRole("button", { name: /person with the e-mail/ }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByText("Nobody has exactly this e-mail.").waitFor();
  expect(addresses.filter((address) => /u-2408|c-1004|nobody/.test(address))).toEqual([]);
  expect(complaints).toEqual([]);
  await context.close();
});

it("gives the focus back when it is closed", async () => {
  const { page, context } = await home();
  await page
    .getByRole("button", { name: /^Search/ })
    .first()
    .focus();
  await page.keyboard.press("Enter");
  await page.getByLabel("Command", { exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByLabel("Command", { exact: true }).waitFor({ state: "hidden" });
  const focused = () => page.evaluate(() => [document.activeElement?.tagName, document.activeElement?.textContent]);
  await expect.poll(focused).toEqual(["BUTTON", "Search⌘K"]);
  await context.close();
});
