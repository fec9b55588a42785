import { describe, expect, it } from "vitest";
import { formula, groupOf, groups, nps, signed } from "./nps";

describe("groups", () => {
  it.each([
    [0, "detractors"],
    [6, "detractors"],
    [7, "passives"],
    [8, "passives"],
    [9, "promoters"],
    [10, "promoters"],
  ] as const)("%i is one of the %s", (score, group) => {
    expect(groupOf(score)).toBe(group);
  });

  it("sums a distribution whose values are texts or numbers", () => {
    expect(
      groups([
        { value: "10", count: 4 },
        { value: 8, count: 2 },
        { value: 0, count: 1 },
      ]),
    ).toEqual({
      promoters: 4,
      passives: 2,
      detractors: 1,
    });
  });
});

describe("score", () => {
  it.each([
    [{ promoters: 10, passives: 0, detractors: 0 }, 100],
    [{ promoters: 0, passives: 0, detractors: 7 }, -100],
    [{ promoters: 5, passives: 90, detractors: 5 }, 0],
    [{ promoters: 443, passives: 130, detractors: 49 }, 63],
    [{ promoters: 1, passives: 1, detractors: 1 }, 0],
  ])("of %j is %i", (sums, score) => {
    expect(nps(sums).score).toBe(score);
  });

  it("is never minus zero", () => {
    expect(Object.is(nps({ promoters: 100, passives: 200, detractors: 101 }).score, 0)).toBe(true);
  });

  it("is absent while nobody has answered", () => {
    expect(nps({ promoters: 0, passives: 0, detractors: 0 }).score).toBeNull();
  });
});

it("shows the sum", () => {
  expect(formula(nps({ promoters: 6, passives: 2, detractors: 2 }))).toBe("60.0 % promoters − 20.0 % detractors = +40");
});

it("signs", () => {
  expect([signed(40), signed(0), signed(-3)]).toEqual(["+40", "0", "−3"]);
});
