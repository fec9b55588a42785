import { describe, expect, it } from "vitest";
import { horizon, knownOf } from "./cohorts";
import { begin, type Interval, type Of } from "./question";

type Case = { time: string; interval: Interval; to: string; at?: string; zone?: string };

/** How many of a cohort's first four intervals are known. */
function known({ time, interval, to, at = "2030-01-01T00:00:00Z", zone = "Europe/Berlin" }: Case): number {
  const question = { ...begin("retention"), interval } as Of<"retention">;
  const answered = { from: "2026-01-01T00:00:00Z", to, zone, cohorts: [] };
  return knownOf({ time, count: 9, returned: [9, 8, 7, 6] }, horizon(question, answered, Date.parse(at)));
}

describe("months are those of the zone", () => {
  const time = "2026-09-30T22:00:00Z";
  it.each([
    ["a millisecond into November", "2026-10-31T23:00:00.001Z", 2],
    ["when November begins, an hour later than summer time has it", "2026-10-31T23:00:00Z", 1],
    ["on the 30th, where UTC's month would be over", "2026-10-30T22:00:00.001Z", 1],
    ["a millisecond into December", "2026-11-30T23:00:00.001Z", 3],
  ])("%s", (_name, to, count) => {
    expect(known({ time, interval: "month", to })).toBe(count);
  });

  it("also of a day that the next month does not have in UTC", () => {
    // The first of September in Berlin is the 31st of August in UTC: a month later there is no such day.
    const cohort = { time: "2026-08-31T22:00:00Z", interval: "month" } as const;
    expect(known({ ...cohort, to: "2026-09-30T22:00:00Z" })).toBe(1);
    expect(known({ ...cohort, to: "2026-09-30T22:00:00.001Z" })).toBe(2);
  });
});

it.each([
  // The clocks go back on the 25th of October: the week after it begins an hour later in UTC.
  ["week", "2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z", 1],
  ["week", "2026-10-18T22:00:00Z", "2026-10-25T23:00:00.001Z", 2],
  ["day", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 1],
  ["day", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00.001Z", 2],
  // They go forward on the 29th of March: the day after begins an hour earlier.
  ["day", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 1],
  ["day", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00.001Z", 2],
] as const)("the next %s after %s is known at %s: %i", (interval, time, to, count) => {
  expect(known({ time, interval, to })).toBe(count);
});

it("what has not begun yet is not known, however far the range goes", () => {
  const cohort = { time: "2026-10-04T22:00:00Z", interval: "week", to: "2026-11-01T23:00:00Z" } as const;
  expect(known({ ...cohort, at: "2026-10-14T09:00:00Z" })).toBe(2);
  expect(known(cohort)).toBe(4);
});
