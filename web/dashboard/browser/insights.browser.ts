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
  const answered = (await asked.json()) as { series: { total: number }[] };
  const total = new Intl.NumberFormat("en-GB").format(answered.series[0]?.total ?? 0);
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

it("what has no field is said above, and lists end where the server's do", async () => {
  const { page, context } = await open(harness);
  const errors = [
    { pointer: "/window", detail: "expected a length such as 7d" },
    { pointer: "/order", detail: "expected an order" },
  ];
  await page.route("**/api/v1/query", (route) =>
    route.fulfill({
      status: 422,
      contentType: "application/problem+json",
      body: JSON.stringify({ type: "about:blank", title: "invalid", status: 422, code: "invalid_value", errors }),
    }),
  );
  await page.goto(`${PLACE}/insights/rep_funnel`);
  await page.getByText("Expected a length such as 7d.", { exact: true }).waitFor();
  await page.getByText("Expected an order. What else is wrong is marked at its field.").waitFor();
  const another = page.getByRole("button", { name: "Exclude an event in between" });
  for (let count = 0; count < 10; count += 1) {
    await another.click();
  }
  await input(page, "Not in between 10").waitFor();
  expect(await another.count()).toBe(0);
  await context.close();
});

it("an answer stays with its own question until there is one to the new question", async () => {
  const { page, context, complaints } = await open(harness);
  await page.goto(`${PLACE}/insights/new/trend`);
  await input(page, "Series 1").fill("Invoice Sent");
  const before = page.getByRole("region", { name: "Invoice Sent", exact: true });
  const number = before.getByRole("button", { name: /Invoice Sent, whole range/ });
  await number.waitFor();
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/api/v1/query", async (route) => {
    await held;
    await route.continue();
  });
  const asking = page.waitForRequest((request) => request.url().endsWith("/api/v1/query"));
  await input(page, "Series 1").fill("Customer Added");
  await before.getByText("before your last change").waitFor();
  await asking;
  const [behind] = await Promise.all([
    page.waitForRequest((request) => request.url().endsWith("/api/v1/query/people")),
    number.click(),
  ]);
  expect(behind.postDataJSON().question.series).toEqual([{ event: "Invoice Sent", measure: "total" }]);
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  release();
  await page.getByRole("region", { name: "Customer Added", exact: true }).waitFor();
  expect(await page.getByText("before your last change").count()).toBe(0);
  expect(complaints).toEqual([]);
  await context.close();
});

it("undoing shows the days and the value that are saved", async () => {
  const { page, context, complaints } = await open(harness);
  const filters = [{ field: "person.plan", op: "is", value: "team" }];
  const question = {
    kind: "trend",
    range: { from: "2026-09-30T22:00:00.000Z", to: "2026-10-31T23:00:00.000Z" },
    series: [{ event: "Invoice Sent", filters }],
  };
  const made = await page.request.post("/api/v1/reports", { data: { name: "October", question, chart: "line" } });
  const { id } = (await made.json()) as { id: string };
  await page.goto(`${PLACE}/insights/${id}`);
  const [first, value] = [input(page, "First day"), input(page, "Value")];
  await expect.poll(() => first.inputValue()).toBe("2026-10-01");
  await first.fill("2026-10-15");
  await value.fill("starter");
  expect(await first.inputValue()).toBe("2026-10-15");
  await page.getByRole("button", { name: "Undo changes" }).click();
  expect([await first.inputValue(), await value.inputValue()]).toEqual(["2026-10-01", "team"]);
  // Typed part by part: the year is 2, 20 and 202 in between.
  await first.focus();
  await page.keyboard.type("10102026");
  expect(await first.inputValue()).toBe("2026-10-10");
  expect(complaints).toEqual([]);
  await context.close();
});

it("a colleague's change is not written over unseen", async () => {
  const { page, context, complaints } = await open(harness);
  const question = { kind: "trend", range: { last: "7d" }, series: [{ event: "Invoice Sent" }] };
  const made = await page.request.post("/api/v1/reports", { data: { name: "Ours", question, chart: "line" } });
  const { id } = (await made.json()) as { id: string };
  const address = `/api/v1/reports/${id}`;
  const theirs = (range: object) =>
    page.request.put(address, { data: { name: "Ours", question: { ...question, range }, chart: "bar" } });
  const stored = async () =>
    (await (await page.request.get(address)).json()) as { name: string; question: { range: unknown } };
  await page.goto(`${PLACE}/insights/${id}`);
  await page.getByRole("heading", { name: "Ours" }).waitFor();
  await theirs({ last: "90d" });
  await page.getByRole("button", { name: "More about Ours" }).click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Everybody’s");
  const save = page.getByRole("button", { name: "Save", exact: true });
  await save.click();
  await page.getByText("Somebody else changed this question meanwhile, and nothing of that is lost.").waitFor();
  expect((await stored()).name).toBe("Ours");
  expect(await input(page, "When").inputValue()).toBe("Last 90 days");
  await save.click();
  await page.getByRole("heading", { name: "Everybody’s" }).waitFor();
  expect(await stored()).toMatchObject({ name: "Everybody’s", question: { range: { last: "90d" } } });

  await input(page, "When").click();
  await page.getByRole("option", { name: "Last 30 days" }).click();
  await theirs({ last: "12m" });
  const keep = page.getByRole("button", { name: "Save changes" });
  await keep.click();
  await page.getByText("Your changes are kept: save again to replace theirs").waitFor();
  expect((await stored()).question.range).toEqual({ last: "12m" });
  expect(await input(page, "When").inputValue()).toBe("Last 30 days");
  await keep.click();
  await page.getByText("“Ours” is saved.").waitFor();
  expect((await stored()).question.range).toEqual({ last: "30d" });
  expect(await page.getByRole("button", { name: "Undo changes" }).count()).toBe(0);
  expect(complaints).toEqual([]);
  await context.close();
});

it("whoever signs in next finds no question that was not saved", async () => {
  const { page, context, complaints } = await open(harness);
  await page.goto(`${PLACE}/insights/new/trend`);
  await input(page, "Series 1").fill("Invoice Sent");
  await page
    .getByRole("button", { name: /^Account/ })
    .first()
    .click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.getByLabel("E-mail").fill("ana@harbour.example");
  await page.getByLabel("Password", { exact: true }).fill("correct-horse");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { name: "Home" }).waitFor();
  await page.getByRole("link", { name: "Insights" }).first().click();
  await page.getByRole("button", { name: "Ask a question" }).click();
  await page.getByRole("menuitem", { name: /^Trend/ }).click();
  await page.getByRole("heading", { name: "New trend" }).waitFor();
  expect(await input(page, "Series 1").inputValue()).toBe("");
  expect(complaints).toEqual([]);
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
