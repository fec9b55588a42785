import { describe, expect, it } from "vitest";
import { absolute, addDays, dayLabel, relative, utcDay } from "./format";

const now = new Date("2026-11-22T09:30:00Z");
const at = (text: string) => relative(new Date(text), now, { timeZone: "UTC" });

describe("relative", () => {
  it.each([
    ["2026-11-22T09:29:55Z", "just now"],
    ["2026-11-22T09:29:20Z", "40 s ago"],
    ["2026-11-22T09:27:00Z", "3 min ago"],
    ["2026-11-22T02:00:00Z", "7 h ago"],
    ["2026-11-21T10:00:00Z", "yesterday"],
    ["2026-11-19T23:59:00Z", "3 days ago"],
    ["2026-11-01T12:00:00Z", "1 Nov 2026"],
    ["2027-01-01T00:00:00Z", "1 Jan 2027"],
  ])("says %s is %s", (time, words) => {
    expect(at(time)).toBe(words);
  });

  it("counts days of the viewer's calendar, not spans of 24 hours", () => {
    const evening = new Date("2026-11-21T12:00:00Z");
    expect(relative(evening, now, { timeZone: "Asia/Tokyo" })).toBe("yesterday");
  });
});

it("absolute names the zone", () => {
  expect(absolute(new Date("2026-11-01T13:03:09Z"), { timeZone: "Europe/Berlin" })).toMatch(/14:03:09 (CET|GMT\+1)$/);
});

it("labels a server day without shifting it", () => {
  expect(dayLabel("2026-11-01")).toBe("1 Nov");
});

it("adds days", () => {
  expect(utcDay(addDays(now, -30))).toBe("2026-10-23");
});
