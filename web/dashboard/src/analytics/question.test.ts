import { describe, expect, it } from "vitest";
import { groupName, momentLabel, percent, seconds } from "./answer";
import { begin, isComplete, type Question, seriesName, title } from "./question";
import { isKnown } from "./RetentionView";
import { tableOf } from "./table";

const range = { last: "30d" };

describe("a question is asked once everything is named", () => {
  it.each(["trend", "funnel", "retention"] as const)("a new %s has gaps", (kind) => {
    expect(isComplete(begin(kind))).toBe(false);
  });

  it.each<[string, Question, boolean]>([
    ["an event is enough", { kind: "trend", range, series: [{ event: "A" }] }, true],
    ["a sum needs a property", { kind: "trend", range, series: [{ event: "A", measure: "sum" }] }, false],
    ["and has one", { kind: "trend", range, series: [{ event: "A", measure: "sum", property: "x" }] }, true],
    [
      "a condition needs its value",
      { kind: "trend", range, series: [{ event: "A", filters: [{ field: "event.x", op: "is", value: "" }] }] },
      false,
    ],
    [
      "unless it takes none",
      { kind: "trend", range, series: [{ event: "A", filters: [{ field: "event.x", op: "is_set" }] }] },
      true,
    ],
    ["every step is named", { kind: "funnel", range, window: "7d", steps: [{ event: "A" }, { event: " " }] }, false],
    [
      "so is what splits it",
      { kind: "trend", range, series: [{ event: "A" }], breakdown: { field: "person." } },
      false,
    ],
  ])("%s", (_name, question, complete) => {
    expect(isComplete(question)).toBe(complete);
  });
});

it("names what is shown", () => {
  expect(seriesName({ event: "A", measure: "people" })).toBe("A, people");
  expect(seriesName({ event: "A", measure: "p90", property: "amount" })).toBe("90th percentile of amount, A");
  expect(title({ kind: "funnel", range, window: "1d", steps: [{ event: "A" }, { event: "" }] })).toBe("A → …");
  expect(groupName({ kind: "other" })).toBe("all others");
  expect([seconds(40), seconds(3600), seconds(7200), seconds(200_000)]).toEqual(["40 s", "60 min", "2 h", "2.3 days"]);
  expect([percent(1, 3), percent(0, 0)]).toEqual(["33.3 %", "–"]);
  expect(momentLabel("2026-09-30T22:00:00Z", { interval: "day", zone: "Europe/Berlin" })).toBe("1 Oct");
});

it("an interval of a cohort that lies beyond the range is not known yet", () => {
  const end = Date.parse("2026-10-19T00:00:00Z");
  const cohort = { time: "2026-10-05T00:00:00Z" };
  expect([0, 1, 2].map((period) => isKnown(cohort, period, "week", end))).toEqual([true, true, false]);
  expect([0, 1].map((period) => isKnown({ time: "2026-10-01T00:00:00Z" }, period, "month", end))).toEqual([
    true,
    false,
  ]);
});

it("writes the very numbers of the answer into the table", () => {
  const point = (time: string, value: number) => ({ time, value });
  const times = ["2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z"] as const;
  const series = (index: number, values: [number, number]) => ({
    label: "A",
    index,
    breakdown: null,
    points: [point(times[0], values[0]), point(times[1], values[1])],
    total: values[0] + values[1],
  });
  const asked = { from: times[0], to: "2026-10-03T00:00:00Z", zone: "UTC" };
  const question: Question = { kind: "trend", range, series: [{ event: "A" }], compare: true };
  const answer = { series: [series(0, [1, 2])], before: [series(0, [3, 4])] };
  expect(tableOf(question, { ...asked, answer })).toEqual({
    columns: ["Time (UTC)", "A", "A, period before"],
    rows: [
      [times[0], 1, 3],
      [times[1], 2, 4],
    ],
  });
  const cohorts = [{ time: times[0], count: 9, returned: [5, 4] }];
  const retention: Question = { ...begin("retention"), kind: "retention" } as Question;
  expect(tableOf(retention, { ...asked, answer: { cohorts } }).rows).toEqual([[times[0], 9, 5, 4]]);
});
