import { describe, expect, it } from "vitest";
import { dayOf, nextDay, startOfDay } from "./zone";

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
  ])("%s in %s", (day, zone, moment) => {
    expect(startOfDay(day, zone)).toBe(moment);
    expect(dayOf(moment, zone)).toBe(day);
    expect(dayOf(new Date(Date.parse(moment) - 1).toISOString(), zone)).toBe(nextDay(day, -1));
  });
});
