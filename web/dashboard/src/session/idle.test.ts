import { describe, expect, it } from "vitest";
import { isOver } from "./idle";

const START = Date.parse("2026-11-30T09:00:00Z");
const MINUTE = 60_000;
const session = { ends_at: "2026-11-30T21:00:00Z", idle_seconds: 1800 };

describe("a session", () => {
  it("goes on while it is used", () => {
    expect(isOver(session, { last: START }, START + 29 * MINUTE)).toBe(false);
  });

  it("is over after its idle limit, and not a moment before", () => {
    expect(isOver(session, { last: START }, START + 30 * MINUTE)).toBe(false);
    expect(isOver(session, { last: START }, START + 31 * MINUTE)).toBe(true);
  });

  it("is over at its end, however much it is used", () => {
    const end = START + 12 * 60 * MINUTE;
    expect(isOver(session, { last: end }, end)).toBe(false);
    expect(isOver(session, { last: end + MINUTE }, end + MINUTE)).toBe(true);
  });
});
