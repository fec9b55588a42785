import { describe, expect, it } from "vitest";
import { contrast, coral, kelp, ROLES, sea } from "./palette";

describe.each(["light", "dark"] as const)("contrast of the %s scheme", (scheme) => {
  const role = ROLES[scheme];

  it.each(["text", "quiet", "link"] as const)("%s is AAA on ground and surface", (name) => {
    expect(contrast(role[name], role.ground)).toBeGreaterThanOrEqual(7);
    expect(contrast(role[name], role.surface)).toBeGreaterThanOrEqual(7);
  });
});

describe("filled buttons", () => {
  it.each([sea[6], coral[7], kelp[6]])("white on %s is AA", (fill) => {
    expect(contrast("#FFFFFF", fill)).toBeGreaterThanOrEqual(4.5);
  });
});

it("knows the extremes", () => {
  expect(contrast("#000000", "#FFFFFF")).toBeCloseTo(21, 5);
});
