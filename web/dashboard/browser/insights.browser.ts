/** Questions: asked as they are written, kept, and every number leads to its people. */
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, open, PLACE, start } from "./harness";

let harness: Harness;

/** A field by its label; a list of options has the same one. */
const input = (page: Page, label: string) => page.locator("input").and(page.getByLabel(label, { exact: true }));

beforeAll(async () => {
  harness = await start();
});
afterAll(() => harness.close());

it("a question is written by keyboard, answered, saved under a name, and found in the list", async () => {
  const { page, context, complaints } = await open(harness);
  await page.goto(`${PLACE}/insights`);
  await page.getByRole("button", { name: "Ask a question" }).press("Enter");
  await page.getByRole("menuitem", { name: /^Trend/ }).press("Enter");
  await page.getByRole("heading", { name: "New trend" }).waitFor();
  const event = input(page, "Series 1");
  await event.focus();
  await page.keyboard.type("Invoice S");
  await page.getByRole("option", { name: "Invoice Sent" }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  const asked = await page.waitForResponse((response) => response.url().endsWith("/api/v1/query"));
  const answered = (await asked.json()) as { answer: { series: { total: number }[] } };
  const total = new Intl.NumberFormat("en-GB").format(answered.answer.series[0]?.total ?? 0);
  await page.getByRole("button", { name: `${total}: Invoice Sent, whole range. Who are these?` }).waitFor();
  expect(page.url()).not.toContain("Invoice");
  await page.getByRole("button", { name: "Save", exact: true }).press("Enter");
  await page.getByLabel("Name", { exact: true }).fill("Invoices of the month");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Invoices of the month" }).waitFor();
  await page.getByRole("link", { name: "Insights" }).first().click();
  await page.getByRole("link", { name: "Invoices of the month" }).waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

it("a question that is not saved is still there after a look at somebody", async () => {
  const { page, context, complaints } = await open(harness);
  await page.goto(`${PLACE}/insights/new/funnel`);
  await input(page, "Step 1").fill("Customer Added");
  await input(page, "Step 2").fill("Invoice Sent");
  await page.getByRole("button", { name: /reached Invoice Sent.*Who are these/ }).click();
  await page.getByRole("dialog").getByRole("link").first().click();
  await page.waitForURL(/\/people\/per_/);
  await page.goBack();
  await page.getByRole("button", { name: /reached Invoice Sent.*Who are these/ }).waitFor();
  expect(await input(page, "Step 2").inputValue()).toBe("Invoice Sent");
  expect(complaints).toEqual([]);
  await context.close();
});

it("what cannot be asked is said at its field", async () => {
  const { page, context } = await open(harness);
  await page.goto(`${PLACE}/insights/rep_trend`);
  await input(page, "Split by").click();
  await page.getByRole("option", { name: "Event’s" }).click();
  await input(page, "Which").fill("secret");
  await page.getByText("Event.secret is personal: it is sealed.").waitFor();
  await page.getByText("What is wrong is marked at its field.").waitFor();
  await context.close();
});

it("the table goes into a file with the numbers of the screen", async () => {
  const { page, context, complaints } = await open(harness);
  await page.goto(`${PLACE}/insights/rep_funnel`);
  await page.getByRole("button", { name: "Export" }).press("Enter");
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("menuitem", { name: "Table as CSV" }).press("Enter"),
  ]);
  const text = readFileSync((await download.path()) ?? "", "utf8");
  expect(text).toContain("Everybody,1,Customer Added,1204,100 %,");
  await page.getByRole("button", { name: "1,204: reached Customer Added. Who are these?" }).waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

it("a saved question is changed, deleted and restored", async () => {
  const { page, context, complaints } = await open(harness);
  await page.goto(`${PLACE}/insights/rep_retention`);
  await page.getByRole("button", { name: "More about Who keeps sending invoices" }).click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Who stays");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("heading", { name: "Who stays" }).waitFor();
  await page.getByRole("button", { name: "More about Who stays" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("heading", { name: "Insights" }).waitFor();
  await page.getByRole("link", { name: "Deleted in the last 30 days" }).click();
  await page.getByRole("button", { name: "Restore Who stays" }).click();
  await page.getByRole("heading", { name: "Nothing was deleted in the last 30 days" }).waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});
