import { expect, it } from "vitest";
import { assign } from "../content/problems";
import { placesOf } from "./places";
import type { Question } from "./question";

const range = { last: "30d" };
const filters = [{ field: "event.x", op: "in", value: ["a"] } as const, { event: "B", filters: [] }];
const trend: Question = { kind: "trend", range, series: [{ event: "A", measure: "sum", filters: [...filters] }] };
const funnel: Question = {
  kind: "funnel",
  range,
  steps: [{ event: "A" }, { event: "B" }],
  window: "7d",
  exclude: [{ event: "C" }],
  breakdown: { field: "person.plan" },
};
const retention: Question = { kind: "retention", range, start: { event: "A" }, return: { event: "B" }, periods: 3 };

/** What is said above, as the form has no field for it. */
const ABOVE = "";

it.each<[string, Question, string]>([
  ["/series/0/property", trend, "/series/0/property"],
  ["/series/0/filters/0/value/0", trend, "/series/0/filters/0/value"],
  ["/series/0/filters/0/op", trend, "/series/0/filters/0"],
  ["/series/0/filters/1/filters/0/field", trend, "/series/0/filters/1"],
  ["/series/0/filters", trend, "/series/0/filters"],
  ["/range/last", trend, "/range"],
  ["/interval", trend, "/interval"],
  ["/compare", trend, ABOVE],
  ["/series", trend, ABOVE],
  ["/breakdown/field", trend, ABOVE],
  ["/breakdown/field", funnel, "/breakdown/field"],
  ["/breakdown/limit", funnel, ABOVE],
  ["/window", funnel, "/window"],
  ["/exclude", funnel, "/exclude"],
  ["/exclude/0/event", funnel, "/exclude/0/event"],
  ["/order", funnel, ABOVE],
  ["/interval", retention, "/interval"],
  ["/periods", retention, "/periods"],
  ["/return/filters", retention, "/return/filters"],
  ["/match", retention, ABOVE],
  ["", retention, ABOVE],
])("%s is said at its field, or above", (pointer, question, place) => {
  expect([...assign([{ pointer, detail: "no" }], placesOf(question)).keys()]).toEqual([place]);
});
