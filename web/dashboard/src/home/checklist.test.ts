import { expect, it } from "vitest";
import { doneOf } from "./checklist";

const nothing = { met_at: null, answered_at: null, seen_at: null, searched_at: null };

it("counts what the server says has happened", () => {
  expect(doneOf(undefined)).toEqual([]);
  expect(doneOf(nothing)).toEqual([]);
  expect(doneOf({ ...nothing, met_at: "2026-11-27T10:00:00Z", searched_at: "2026-11-27T10:05:00Z" })).toEqual([
    "met_at",
    "searched_at",
  ]);
});
