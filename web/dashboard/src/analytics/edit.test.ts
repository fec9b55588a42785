import { describe, expect, it } from "vitest";
import { clearDrafts, draftOf, keepDraft } from "./drafts";
import { afterConflict, afterSave, edited, isChanged } from "./edit";
import { begin, type Question } from "./question";
import type { MarkedReport } from "./reports";

const lately = (last: string): Question => ({ kind: "trend", range: { last }, series: [{ event: "A" }] });
const [weekly, monthly] = [lately("7d"), lately("30d")];
const report = (etag: string, question: Question): MarkedReport => ({
  id: "rep_1",
  name: "A",
  question,
  chart: "line",
  created_at: "2026-10-01T00:00:00Z",
  updated_at: "2026-10-01T00:00:00Z",
  etag,
});
const first = report("1", weekly);

describe("an edit is of the version that was changed", () => {
  it("and stays so when a colleague's is read", () => {
    const edit = edited(first, undefined, { question: monthly });
    expect(edit).toEqual({ question: monthly, chart: "line", of: "1" });
    const again = edited(report("2", lately("24h")), edit, { chart: "bar" });
    expect(again).toEqual({ question: monthly, chart: "bar", of: "1" });
  });

  it("until the member is told of it", () => {
    const edit = edited(first, undefined, { question: monthly });
    expect(afterConflict(edit, report("2", weekly))).toEqual({ question: monthly, chart: "line", of: "2" });
    expect(afterConflict(undefined, first)).toBeUndefined();
  });
});

it("what is as it was is no edit, in whatever order its keys are", () => {
  const edit = edited(first, undefined, { question: monthly });
  const reordered: Question = { series: [{ event: "A" }], range: { last: "7d" }, kind: "trend" };
  expect(edited(first, edit, { question: reordered })).toBeUndefined();
  expect([isChanged(first, edit), isChanged(first, undefined)]).toEqual([true, false]);
});

describe("after it was saved", () => {
  const edit = edited(first, undefined, { question: monthly });
  const saved = report("2", monthly);

  it("nothing is left", () => {
    expect(afterSave(edit, { edit, of: "1" }, saved)).toBeUndefined();
  });
  it("what was changed meanwhile is left, as an edit of what was saved", () => {
    const more = edited(first, edit, { chart: "bar" });
    expect(afterSave(more, { edit, of: "1" }, saved)).toEqual({ question: monthly, chart: "bar", of: "2" });
  });
  it("a new name alone leaves the edit, which is of the renamed one then", () => {
    expect(afterSave(edit, { of: "1" }, saved)?.of).toBe("2");
  });
  it("a new name of a colleague's version does not make the edit one of that", () => {
    expect(afterSave(edit, { of: "5" }, report("6", weekly))?.of).toBe("1");
  });
});

it("drafts are kept by environment and until they are cleared", () => {
  const draft = { question: begin("trend"), chart: "line", of: null } as const;
  keepDraft("env_1", "trend", draft);
  expect([draftOf("env_1", "trend"), draftOf("env_2", "trend")]).toEqual([draft, undefined]);
  clearDrafts();
  expect(draftOf("env_1", "trend")).toBeUndefined();
});
