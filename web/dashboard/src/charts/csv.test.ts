import { describe, expect, it } from "vitest";
import { toCsv } from "./csv";

const one = (value: string | number | null) =>
  toCsv({ columns: ["c"], rows: [[value]] })
    .split("\r\n")
    .slice(1, -1)
    .join("\r\n");

describe("escaping", () => {
  it.each([
    ["plain", "plain"],
    ["a,b", '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ["two\nlines", '"two\nlines"'],
    [" kept ", '" kept "'],
  ])("%j becomes %j", (given, written) => {
    expect(one(given)).toBe(written);
  });

  it("leaves an absent value empty and a number as it is", () => {
    expect(toCsv({ columns: ["a", "b"], rows: [[null, -3.5]] })).toBe("a,b\r\n,-3.5\r\n");
  });
});

describe("formulas", () => {
  it.each(["=1+1", "+49 170", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "  =cmd()", "|calc"])("%j is disarmed", (given) => {
    expect(one(given).replace(/^"/, "")).toMatch(/^'/);
  });

  it("also in a heading", () => {
    expect(toCsv({ columns: ["=A1"], rows: [] })).toBe("'=A1\r\n");
  });

  it("and inside quotes", () => {
    expect(one('=HYPERLINK("http://x","y")')).toBe(`"'=HYPERLINK(""http://x"",""y"")"`);
  });
});
