/** The audience's editor says how many people match, and offers values that were seen. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, open, PLACE, start } from "./harness";

let harness: Harness;

beforeAll(async () => {
  harness = await start();
});
afterAll(() => harness.close());

it("counts the people who match as conditions come and go, and waits while one is not complete", async () => {
  const { page, context, complaints } = await open(harness);
  const asked: unknown[] = [];
  page.on("request", (request) => {
    if (request.url().endsWith("/segments/preview")) {
      asked.push(request.postDataJSON());
    }
  });
  await page.goto(`${PLACE}/content/flows/flw_bank`);
  await page.getByRole("tab", { name: "Audience" }).click();
  await page.getByText("92 of 184 people match now.").waitFor();
  await page.getByRole("button", { name: "Remove this condition" }).press("Enter");
  await page.getByText("184 of 184 people match now.").waitFor();
  await page.getByRole("button", { name: "Add a condition" }).press("Enter");
  await page.getByRole("menuitem", { name: "About the person" }).press("Enter");
  await page.getByText("Counted as soon as every condition is complete.").waitFor();
  // Long enough for a question to be on its way.
  await page.waitForTimeout(900);
  expect(asked).toHaveLength(2);
  expect(asked.at(-1)).toEqual({ audience: null });
  await page.locator('input[aria-label="Attribute"]').fill("plan");
  await page.locator('input[aria-label="Value"]').fill("team");
  await page.getByText("92 of 184 people match now.").waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

it("offers values that were seen, and none of a personal attribute", async () => {
  const { page, context, complaints } = await open(harness);
  await page.goto(`${PLACE}/content/flows/flw_bank`);
  await page.getByRole("tab", { name: "Audience" }).click();
  await page.locator('input[aria-label="Attribute"]').fill("plan");
  await page.locator('input[aria-label="Value"]').fill("");
  await page.locator('input[aria-label="Value"]').press("ArrowDown");
  await page.getByRole("option", { name: "business" }).waitFor();
  expect((await page.getByRole("option").allTextContents()).sort()).toEqual(["business", "free", "starter", "team"]);
  await page.locator('input[aria-label="Attribute"]').fill("email");
  await page.locator('input[aria-label="Value"]').focus();
  await page.keyboard.press("ArrowDown");
  await page.waitForTimeout(300);
  expect(await page.getByRole("option").count()).toBe(0);
  expect(complaints).toEqual([]);
  await context.close();
});
