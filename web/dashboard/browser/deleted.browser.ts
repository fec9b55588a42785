/** What is deleted can be had back for 30 days; and the keyboard is never left without a place. */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type Harness, open, PLACE, start } from "./harness";
import { arrowTo, focused, focusedId, tabTo } from "./keys";

let harness: Harness;
let opened: Awaited<ReturnType<typeof open>>;

beforeAll(async () => {
  harness = await start();
});
beforeEach(async () => {
  opened = await open(harness);
});
afterEach(async () => {
  expect(opened.complaints).toEqual([]);
  await opened.context.close();
});
afterAll(() => harness.close());

/** The names of the rows, in their order. */
const rows = (page: Page) => page.locator("tbody tr a").allTextContents();

async function content(page: Page): Promise<string[]> {
  await page.goto(`${PLACE}/content`);
  await page.locator("tbody tr").first().waitFor();
  return rows(page);
}

async function deleteByKeyboard(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: `Actions for ${name}` }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Delete" }).waitFor();
  await arrowTo(page, "ArrowDown", /^Delete/);
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name, exact: true }).waitFor({ state: "detached" });
}

it("lists what was deleted until when, and brings it back", async () => {
  const { page } = opened;
  await content(page);
  await deleteByKeyboard(page, "What should reports show?");
  await tabTo(page, /^\|\|Deleted in the last 30 days/);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/content/deleted");
  await page.getByRole("heading", { name: "Deleted content" }).waitFor();
  const row = page.getByRole("row", { name: /What should reports show/ });
  await row.waitFor();
  const until = new Date(Date.now() + 30 * 86_400_000);
  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
  expect(await row.textContent()).toContain(day.format(until));
  await expect.poll(() => focusedId(page)).toBe("page");
  await tabTo(page, /^Restore What should reports show/);
  await page.keyboard.press("Enter");
  await page.getByText("“What should reports show?” is back").waitFor();
  await row.waitFor({ state: "detached" });
  await expect.poll(() => focused(page)).toBe("Restore Tour of the first beta");
  await page.getByRole("main").getByRole("link", { name: "Content", exact: true }).press("Enter");
  await page.getByRole("link", { name: "What should reports show?" }).waitFor();
});

it("goes on at the next row after a delete, and at the restored one after an undo", async () => {
  const { page } = opened;
  const before = await content(page);
  await deleteByKeyboard(page, before[1] ?? "");
  await expect.poll(() => focused(page)).toBe(before[2]);
  await page.getByRole("button", { name: "Undo" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: before[1] ?? "", exact: true }).waitFor();
  await expect.poll(() => focused(page)).toBe(before[1]);
});

it("goes on at the last row when the last one was deleted", async () => {
  const { page } = opened;
  const before = await content(page);
  await deleteByKeyboard(page, before.at(-1) ?? "");
  await expect.poll(() => focused(page)).toBe(before.at(-2));
  await page.getByRole("button", { name: "Undo" }).press("Enter");
  await page.getByRole("link", { name: before.at(-1) ?? "", exact: true }).waitFor();
});

it("gives the focus back to the button after publishing, though there is nothing more to publish", async () => {
  const { page } = opened;
  await page.goto(`${PLACE}/content/flows/flw_bank`);
  const publish = page.getByRole("button", { name: "Publish", exact: true });
  await publish.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.waitForTimeout(250);
  await tabTo(page, /Publish to production/, 6);
  await page.keyboard.press("Enter");
  await page.getByText("is live").first().waitFor();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await expect.poll(() => focused(page)).toBe("Publish changes");
  expect(await page.getByRole("button", { name: "Publish changes" }).getAttribute("aria-disabled")).toBe("true");
  await page.keyboard.press("Enter");
  await page.waitForTimeout(200);
  expect(await page.getByRole("dialog").count()).toBe(0);
});

it("gives the focus back when a dialog is left with Escape", async () => {
  const { page } = opened;
  await page.goto(`${PLACE}/content/surveys/srv_new`);
  await page.getByRole("button", { name: "Publish", exact: true }).press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.waitForTimeout(250);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await expect.poll(() => focused(page)).toBe("Publish");
});

it("goes on at the next condition, then at the button that adds one", async () => {
  const { page } = opened;
  await page.goto(`${PLACE}/content/surveys/srv_new`);
  await page.getByRole("tab", { name: "Audience" }).click();
  const bins = page.getByRole("button", { name: "Remove this condition" });
  await bins.first().waitFor();
  while ((await bins.count()) > 0) {
    await bins.first().press("Enter");
    await expect.poll(() => focusedId(page)).not.toBe("page");
    expect(await page.evaluate(() => document.activeElement?.tagName)).not.toBe("BODY");
  }
  const groups = page.getByRole("button", { name: "Remove this group" });
  while ((await groups.count()) > 0) {
    await groups.first().press("Enter");
  }
  await expect.poll(() => focused(page)).toBe("Add a condition");
});

it("goes on at the next question when one is taken out", async () => {
  const { page } = opened;
  await page.goto(`${PLACE}/content/surveys/srv_new`);
  await page.getByRole("button", { name: /^Actions for What do you use most/ }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Remove" }).waitFor();
  await arrowTo(page, "ArrowDown", /^Remove/);
  await page.keyboard.press("Enter");
  await expect.poll(() => focused(page)).toMatch(/^Reorder question 2: What is the main reason/);
});
