/** The demo's checklist goes by what happened, which the server tells; nothing in it can be ticked. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, open, PLACE, start } from "./harness";

let harness: Harness;

beforeAll(async () => {
  harness = await start();
});
afterAll(() => harness.close());

it("is done by doing", async () => {
  const { page, context, complaints } = await open(harness);
  await page.goto(`${PLACE}/home`);
  const list = page.getByRole("region", { name: "Five minutes with Pilotfish" });
  await list.getByText("2 of 4 done").waitFor();
  expect(await list.getByRole("checkbox").count()).toBe(0);
  await list.getByRole("link", { name: /results of/ }).click();
  await page.getByRole("region", { name: "Latest answers", exact: true }).waitFor();
  await page.goBack();
  await list.getByText("3 of 4 done").waitFor();
  await list.getByLabel("What you entered").fill("Reminders alone paid for it");
  await list.getByRole("button", { name: "Search the disk" }).press("Enter");
  await list.getByText("4 of 4 done").waitFor();
  expect(await list.getByRole("img", { name: "Done", exact: true }).count()).toBe(4);
  expect(complaints).toEqual([]);
  await context.close();
});
