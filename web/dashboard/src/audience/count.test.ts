import { expect, it } from "vitest";
import { countWords } from "./count";

const exact = { count: 1204, unknown: 0, total: 3200, looked_at: 3200, sampled: false };

it("says how many match of how many", () => {
  expect(countWords(exact)).toBe("1,204 of 3,200 people match now.");
  expect(countWords({ ...exact, count: 1, total: 1, looked_at: 1 })).toBe("1 of 1 person matches now.");
});

it("counts apart of whom it is not known", () => {
  expect(countWords({ ...exact, count: 0, unknown: 310 })).toBe(
    "0 of 3,200 people match now. Of 310 more it is not known yet, or is decided on the page.",
  );
});

it("calls an estimate one, and says what it rests on", () => {
  expect(countWords({ count: 250_050, unknown: 0, total: 1_000_000, looked_at: 20_000, sampled: true })).toBe(
    "About 250,050 of 1,000,000 people match now. Estimated from 20,000.",
  );
});

it("says that there is nobody", () => {
  expect(countWords({ count: 0, unknown: 0, total: 0, looked_at: 0, sampled: false })).toBe(
    "There is nobody in this environment yet.",
  );
});
