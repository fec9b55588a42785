import { describe, expect, it } from "vitest";
import { groupName, momentLabel, percent, seconds } from "./answer";
import { begin, isComplete, type Question, seriesName, title } from "./question";
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

describe("writes the very numbers of the answer into the table", () => {
  const times = ["2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z", "2026-10-03T00:00:00Z"] as const;
  const series = (values: number[]) => ({
    label: "A",
    index: 0,
    breakdown: null,
    points: values.map((value, index) => ({ time: times[index] ?? "", value })),
    total: values.reduce((sum, value) => sum + value, 0),
  });
  const asked = { from: times[0], to: "2026-10-03T00:00:00Z", zone: "UTC" };
  const at = Date.parse("2026-10-09T00:00:00Z");
  const question: Question = { kind: "trend", range, series: [{ event: "A" }], compare: true };

  it.each<[string, number[], number[], unknown[][]]>([
    [
      "as long as each other",
      [1, 2],
      [3, 4],
      [
        [times[0], 1, 3],
        [times[1], 2, 4],
      ],
    ],
    [
      "nothing where the period before is shorter",
      [1, 2],
      [3],
      [
        [times[0], 1, 3],
        [times[1], 2, undefined],
      ],
    ],
    [
      "all of a period before that is longer",
      [1],
      [3, 4],
      [
        [times[0], 1, 3],
        [undefined, undefined, 4],
      ],
    ],
  ])("%s", (_name, own, before, rows) => {
    const answered = { ...asked, series: [series(own)], before: [series(before)] };
    expect(tableOf({ question, answered, at })).toEqual({ columns: ["Time (UTC)", "A", "A, period before"], rows });
  });

  it("of a retention what there is", () => {
    const cohorts = [
      { time: "2026-09-21T00:00:00Z", count: 9, returned: [5, 4] },
      { time: "2026-09-28T00:00:00Z", count: 8, returned: [7, 0] },
    ];
    const told = { question: begin("retention"), answered: { ...asked, cohorts }, at };
    expect(tableOf(told).rows).toEqual([
      ["2026-09-21T00:00:00Z", 9, 5, 4],
      ["2026-09-28T00:00:00Z", 8, 7, undefined],
    ]);
  });
});
