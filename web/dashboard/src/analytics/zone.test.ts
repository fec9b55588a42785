import { describe, expect, it } from "vitest";
import { dayOf, later, nextDay, startOfDay } from "./zone";

describe("days begin in the environment's zone", () => {
  it.each([
    ["2026-10-01", "UTC", "2026-10-01T00:00:00.000Z"],
    ["2026-10-01", "Europe/Berlin", "2026-09-30T22:00:00.000Z"],
    // The clocks go back in the night to the 25th, at three.
    ["2026-10-25", "Europe/Berlin", "2026-10-24T22:00:00.000Z"],
    ["2026-10-26", "Europe/Berlin", "2026-10-25T23:00:00.000Z"],
    ["2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00.000Z"],
    ["2026-03-30", "Europe/Berlin", "2026-03-29T22:00:00.000Z"],
    ["2026-10-01", "Asia/Kolkata", "2026-09-30T18:30:00.000Z"],
    ["2026-10-01", "America/Los_Angeles", "2026-10-01T07:00:00.000Z"],
    // What a year is while it is typed.
    ["0002-10-01", "UTC", "0002-10-01T00:00:00.000Z"],
    ["0002-10-01", "Europe/Berlin", "0002-09-30T23:06:32.000Z"],
  ])("%s in %s", (day, zone, moment) => {
    expect(startOfDay(day, zone)).toBe(moment);
    expect(dayOf(moment, zone)).toBe(day);
    expect(dayOf(new Date(Date.parse(moment) - 1).toISOString(), zone)).toBe(nextDay(day, -1));
  });
});

it.each([
  ["2026-10-01", 3, "day", "2026-10-04"],
  ["2026-12-28", 1, "week", "2027-01-04"],
  ["2026-11-01", 2, "month", "2027-01-01"],
  ["2026-10-31", 1, "month", "2026-11-30"],
  ["2028-01-31", 1, "month", "2028-02-29"],
  ["2026-10-31", 0, "month", "2026-10-31"],
] as const)("%s and %i of a %s is %s", (day, count, interval, then) => {
  expect(later(day, count, interval)).toBe(then);
});
