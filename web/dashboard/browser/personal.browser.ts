/** Personal data: masked where there is some and only there, shown on request, and no customer's id in an address. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, open, PLACE, start } from "./harness";

let harness: Harness;

beforeAll(async () => {
  harness = await start();
});
afterAll(() => harness.close());

it("masks an answer only where somebody wrote something, and links people by our id", async () => {
  const { page, context, complaints } = await open(harness);
  const addresses: string[] = [];
  page.on("framenavigated", (frame) => addresses.push(frame.url()));
  await page.goto(`${PLACE}/content/surveys/srv_nps/results`);
  const latest = page.getByRole("region", { name: "Latest answers", exact: true }).locator("tbody tr");
  await latest.first().waitFor();
  expect(await latest.count()).toBe(24);
  expect(await latest.getByRole("img", { name: "hidden" }).count()).toBe(6);
  const links = await latest.getByRole("link").evaluateAll((all) => all.map((one) => one.getAttribute("href")));
  expect(links.length).toBeGreaterThan(15);
  expect(links.filter((href) => !href?.startsWith(`${PLACE}/people/per_`))).toEqual([]);
  await latest.getByRole("link").first().click();
  await page.getByRole("heading", { name: "u-2401" }).waitFor();
  expect(addresses.filter((address) => address.includes("u-2401"))).toEqual([]);
  expect(complaints).toEqual([]);
  await context.close();
});

it("shows personal properties of events on request, once, and masks them until then", async () => {
  const { page, context, complaints } = await open(harness);
  await page.goto(`${PLACE}/people/per_00007`);
  const timeline = page.getByRole("region", { name: "Timeline" });
  await timeline.getByText("recipient").first().waitFor();
  expect(await timeline.textContent()).not.toContain("@customer.example");
  const recorded = page.waitForRequest((request) => /\/people\/per_[^/]+\/events\/reveal$/.test(request.url()));
  await timeline.getByRole("button", { name: "Show personal properties" }).press("Enter");
  await recorded;
  await timeline.getByText("bo@customer.example").first().waitFor();
  await timeline.getByText("That you looked is recorded.").waitFor();
  expect(await timeline.getByRole("img", { name: "hidden" }).count()).toBe(0);
  // What comes later is masked again, and asked for again.
  await timeline.getByRole("button", { name: "Show earlier" }).click();
  await timeline.getByRole("img", { name: "hidden" }).first().waitFor();
  await timeline.getByRole("button", { name: "Show personal properties" }).click();
  await expect.poll(() => timeline.getByRole("img", { name: "hidden" }).count()).toBe(0);
  expect(complaints).toEqual([]);
  await context.close();
});

it("offers no reveal to a role that does not see personal data", async () => {
  const { page, context, complaints } = await open(harness);
  await page.route("**/api/v1/me", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({
      response: answer,
      json: { ...(await answer.json()), role: "viewer", reads_personal: false },
    });
  });
  await page.goto(`${PLACE}/people/per_00007`);
  await page.getByText("Your role does not see personal data.").first().waitFor();
  await page.getByText("recipient").first().waitFor();
  expect(await page.getByRole("button", { name: /^Show (them|personal)/ }).count()).toBe(0);
  expect(complaints).toEqual([]);
  await context.close();
});
