import { expect, it } from "vitest";
import { funnel } from "./results";

const steps = [
  { id: "s1", title: "Hello", reached: 200 },
  { id: "s2", title: "There", reached: 100 },
];

it("sets each step beside the first and the one before", () => {
  const all = funnel({ shown: 200, completed: 50, dismissed: 60, steps });
  expect(all.map((step) => [step.label, step.reached, step.ofFirst, step.ofPrevious])).toEqual([
    ["1. Hello", 200, 1, null],
    ["2. There", 100, 0.5, 0.5],
    ["Completed", 50, 0.25, 0.5],
  ]);
});

it("divides by nothing when nobody came", () => {
  expect(funnel({ shown: 0, completed: 0, dismissed: 0, steps: [] })).toEqual([
    { label: "Completed", reached: 0, ofFirst: 0, ofPrevious: null },
  ]);
});
