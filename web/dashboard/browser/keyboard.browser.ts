/** The main ways through the dashboard with the keyboard alone, under the real content security policy. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, open, PLACE, start } from "./harness";
import { arrowTo, openPalette, tabTo } from "./keys";

let harness: Harness;

beforeAll(async () => {
  harness = await start();
});
afterAll(() => harness.close());

it("signs in, and comes back to where one wanted to go", async () => {
  const { page, context, complaints } = await open(harness, { signedIn: false });
  await page.goto(`${PLACE}/people`);
  await page.waitForURL(/sign-in/);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await tabTo(page, /E-mail/);
  await page.keyboard.type("ana@harbour.example");
  await tabTo(page, /^\|Password/);
  await page.keyboard.type("a good long password");
  await page.keyboard.press("Enter");
  await page.waitForURL(`**${PLACE}/people`);
  await page.getByRole("link", { name: /^u-/ }).first().waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

it("sets up the owner, and takes the token out of the address", async () => {
  const { page, context, complaints } = await open(harness, { signedIn: false, scenario: "setup" });
  const sent: string[] = [];
  page.on("request", (request) => sent.push(`${request.url()} ${request.headers().referer ?? ""}`));
  await page.goto("/setup#token=s3cret-t0ken");
  await page.getByRole("heading", { name: "Set up Pilotfish" }).waitFor();
  expect(page.url()).not.toContain("s3cret");
  for (const [field, text] of [
    [/Organisation/, "Harbour"],
    [/Your name/, "Ana"],
    [/E-mail/, "ana@harbour.example"],
    [/^\|Password/, "a good long password"],
  ] as const) {
    await tabTo(page, field);
    await page.keyboard.type(text);
  }
  const posted = page.waitForRequest(
    (request) => request.method() === "POST" && request.url().endsWith("/api/v1/setup"),
  );
  await page.keyboard.press("Enter");
  expect((await posted).postDataJSON()).toEqual({
    token: "s3cret-t0ken",
    organisation: "Harbour",
    name: "Ana",
    email: "ana@harbour.example",
    password: "a good long password",
  });
  await page.waitForURL("**/home");
  expect(sent.filter((line) => line.includes("s3cret"))).toEqual([]);
  expect(complaints).toEqual([]);
  await context.close();
});

it("makes a survey, reorders it, publishes it and deletes it with undo", async () => {
  const { page, context, complaints } = await open(harness);
  await page.goto(`${PLACE}/home`);
  await page.getByRole("heading", { name: "Home" }).waitFor();
  await openPalette(page);
  await page.keyboard.type("create survey");
  await page
    .locator("[data-selected=true]")
    .filter({ hasText: /Create a survey/ })
    .waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(/content\/surveys\/srv_made/);

  await tabTo(page, /^Reorder question 1/);
  const saved = page.waitForRequest((request) => request.method() === "PUT");
  await page.keyboard.press("ArrowDown");
  const body = (await saved).postDataJSON() as { definition: { questions: { id: string }[] } };
  expect(body.definition.questions.map(({ id }) => id)).toEqual(["q2", "q1"]);
  expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toMatch(/^Reorder question 2/);
  await page.getByText("Saved", { exact: true }).waitFor();

  await page.getByRole("button", { name: "Publish", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Publish “New survey”?" }).waitFor();
  expect(await page.getByRole("dialog").textContent()).toContain("production");
  await page.waitForTimeout(250);
  await tabTo(page, /Publish to production/, 6);
  await page.keyboard.press("Enter");
  await page.getByText("“New survey” is live").waitFor();

  await page.getByRole("button", { name: "More" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Delete" }).waitFor();
  await arrowTo(page, "ArrowDown", /^Delete/);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/content");
  await page.getByRole("link", { name: "New survey" }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Undo" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "New survey" }).waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

it("shows a problem of the server at its field, and lets it go with the next change", async () => {
  const { page, context } = await open(harness);
  await page.goto(`${PLACE}/content/surveys/srv_new`);
  await page.getByLabel("Question", { exact: true }).fill("server says no");
  await page.getByText("Saved", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  await page.getByRole("button", { name: "Publish to production" }).click();
  const field = page.getByLabel("Question", { exact: true });
  await page.getByText("A question of this name is live already.").waitFor();
  expect(await field.getAttribute("aria-invalid")).toBe("true");
  await field.fill("Why did you leave?");
  await page.getByText("A question of this name is live already.").waitFor({ state: "detached" });
  await context.close();
});

it("marks an empty field before anything is sent, and on its tab", async () => {
  const { page, context } = await open(harness);
  await page.goto(`${PLACE}/content/surveys/srv_reports`);
  await page.getByLabel("Question", { exact: true }).fill("");
  await page.getByText("Write the question.").waitFor();
  expect(await page.getByRole("tab", { name: /Questions/ }).textContent()).toBeDefined();
  await page.getByRole("img", { name: "has problems" }).waitFor();
  await context.close();
});

it("draws the preview with the SDK's renderer and follows the form", async () => {
  const { page, context, complaints } = await open(harness, { width: 390, height: 844 });
  await page.goto(`${PLACE}/content/surveys/srv_nps`);
  const frame = page.frameLocator('iframe[title="Preview"]');
  await frame.getByText("How likely are you to recommend Harbour").first().waitFor();
  await page.getByLabel("Question", { exact: true }).fill("Would you tell a friend?");
  await frame.getByText("Would you tell a friend?").first().waitFor();
  await page.locator('iframe[title="Preview"]').scrollIntoViewIfNeeded();
  await page.screenshot({ path: "screens/out/preview-390.png" });
  expect(complaints).toEqual([]);
  await context.close();
});

it("reads exact values of a chart with the arrow keys", async () => {
  const { page, context } = await open(harness, { demo: false });
  await page.goto(`${PLACE}/home`);
  const chart = page.locator("svg.recharts-surface").first();
  await chart.waitFor();
  await chart.focus();
  await page.keyboard.press("ArrowRight");
  await page.getByText(/\d+ \w+: [\d,]+ events/).waitFor();
  await context.close();
});

it("exports the table as CSV and the chart as PNG", async () => {
  const { page, context, complaints } = await open(harness, { demo: false });
  await page.goto(`${PLACE}/home`);
  for (const [item, file] of [
    ["Table as CSV", /\.csv$/],
    ["Chart as PNG", /\.png$/],
  ] as const) {
    await page.getByRole("button", { name: "Export Events per day" }).click();
    const download = page.waitForEvent("download");
    await page.getByRole("menuitem", { name: item }).click();
    expect((await download).suggestedFilename()).toMatch(file);
  }
  expect(complaints).toEqual([]);
  await context.close();
});

it("switches the environment and says so", async () => {
  const { page, context } = await open(harness);
  await page.goto(`${PLACE}/people`);
  await page
    .getByRole("button", { name: /Environment production/ })
    .first()
    .focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "staging" }).waitFor();
  const asked = page.waitForRequest((request) => request.headers()["pilotfish-environment"] === "env_stag");
  await arrowTo(page, "ArrowDown", /^staging/);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/app/harbour/staging/people");
  await asked;
  await context.close();
});

it("asks once before showing personal data, and masks it until then", async () => {
  const { page, context } = await open(harness);
  await page.goto(`${PLACE}/people/u-2408`);
  await page.getByText("Looking is recorded").first().waitFor();
  expect(await page.locator("main").textContent()).not.toContain("@example.com");
  const recorded = page.waitForRequest((request) => /\/people\/per_[^/]+\/reveal$/.test(request.url()));
  await page.getByRole("button", { name: "Show them" }).click();
  await recorded;
  await page.getByText("@example.com").waitFor();
  await context.close();
});
