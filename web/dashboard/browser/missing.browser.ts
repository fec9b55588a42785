/** What is not there is said within the frame: the way to everything else stays. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, open, PLACE, start } from "./harness";

let harness: Harness;

beforeAll(async () => {
  harness = await start();
});
afterAll(() => harness.close());

const CASES = [
  ["/nowhere", "There is no such page", "Go home"],
  ["/app/nowhere", "There is no such page", "Go home"],
  [`${PLACE}/nowhere/at/all`, "There is no such page", "Go home"],
  [`${PLACE}/people/per_nobody`, "There is no such person", "All people"],
  [`${PLACE}/companies/cmp_none`, "There is no such company", "All companies"],
  [`${PLACE}/content/surveys/srv_none`, "There is no such survey", "All content"],
  [`${PLACE}/content/flows/flw_none`, "There is no such flow", "All content"],
  [`${PLACE}/content/surveys/srv_none/results`, "There is no such survey", "All content"],
  [`${PLACE}/content/flows/flw_none/results`, "There is no such flow", "All content"],
] as const;

for (const width of [1440, 390]) {
  for (const [path, title, way] of CASES) {
    it(`${path} at ${width}`, async () => {
      const { page, context, complaints } = await open(harness, { width });
      await page.goto(path);
      await page.getByRole("heading", { level: 1, name: title }).waitFor();
      expect(await page.getByRole("heading", { level: 1 }).count()).toBe(1);
      await page.getByRole("main").getByRole("link", { name: way }).waitFor();
      const sections = page.getByRole("navigation", { name: width > 760 ? "Main" : "Sections" });
      await sections.getByRole("link", { name: "People" }).click();
      await page.waitForURL(`**${PLACE}/people`);
      await page.getByRole("heading", { name: "People" }).waitFor();
      expect(complaints).toEqual([]);
      await context.close();
    });
  }
}

it("a stranger who mistypes is asked to sign in", async () => {
  const { page, context } = await open(harness, { signedIn: false });
  await page.goto("/nowhere");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await context.close();
});
