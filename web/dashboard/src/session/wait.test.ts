import { describe, expect, it } from "vitest";
import { problemFrom } from "../api/problem";
import { countdown, secondsLeft } from "./wait";

it.each([
  [0, "0:00"],
  [42, "0:42"],
  [725, "12:05"],
  [3600, "1:00:00"],
  [43_200, "12:00:00"],
])("%i seconds are %s", (seconds, text) => {
  expect(countdown(seconds)).toBe(text);
});

describe("the seconds that are left", () => {
  it("are whole, and never fewer than are true", () => {
    expect(secondsLeft(10_000, 0)).toBe(10);
    expect(secondsLeft(10_000, 9_001)).toBe(1);
    expect(secondsLeft(10_000, 10_000)).toBe(0);
    expect(secondsLeft(10_000, 99_000)).toBe(0);
    expect(secondsLeft(undefined, 0)).toBe(0);
  });

  it("begin with what the server said", () => {
    const before = Date.now();
    const refusal = problemFrom(
      { code: "too_many_requests" },
      { status: 429, headers: new Headers({ "retry-after": "90" }) },
    );
    expect(refusal.retryAt).toBeGreaterThanOrEqual(before + 90_000);
    expect(problemFrom({}, { status: 500, headers: new Headers() }).retryAt).toBeUndefined();
  });
});
