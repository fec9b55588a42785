import { expect, it } from "vitest";
import { DAYS, eventNames, perDay } from "./events";

const now = new Date("2026-11-22T09:00:00Z");
const counts = [
  { event: "A", day: "2026-11-22", count: 3 },
  { event: "B", day: "2026-11-22T00:00:00Z", count: 9 },
  { event: "A", day: "2026-11-20", count: 1 },
  { event: "A", day: "2026-09-01", count: 50 },
];

it("has every day, also those without events, oldest first", () => {
  const days = perDay(counts, null, now);
  expect(days).toHaveLength(DAYS);
  expect(days.at(-1)).toEqual({ day: "2026-11-22", count: 12 });
  expect(days.at(-2)).toEqual({ day: "2026-11-21", count: 0 });
  expect(days[0]?.day).toBe("2026-10-24");
});

it("counts one event alone", () => {
  expect(perDay(counts, "A", now).at(-1)?.count).toBe(3);
});

it("names the most frequent first", () => {
  expect(eventNames(counts)).toEqual(["A", "B"]);
});
