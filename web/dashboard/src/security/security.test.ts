import { expect, it } from "vitest";
import { outOfLimits } from "./security";

const rules = { require_mfa: "any", grace_days: 7, idle_minutes: 30, absolute_hours: 12 } as const;

it("takes what lies within the limits, their ends too", () => {
  expect(outOfLimits(rules)).toEqual({});
  expect(outOfLimits({ ...rules, grace_days: 0, idle_minutes: 5, absolute_hours: 1 })).toEqual({});
  expect(outOfLimits({ ...rules, grace_days: 90 })).toEqual({});
});

it("names each number that does not", () => {
  expect(Object.keys(outOfLimits({ ...rules, grace_days: 91, idle_minutes: 4, absolute_hours: 1.5 }))).toEqual([
    "grace_days",
    "idle_minutes",
    "absolute_hours",
  ]);
  expect(outOfLimits({ ...rules, idle_minutes: Number.NaN }).idle_minutes).toContain("5 to 30");
});
