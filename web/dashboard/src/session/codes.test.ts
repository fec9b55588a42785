import { describe, expect, it } from "vitest";
import { grouped, recoveryCode, recoveryFile, totpCode } from "./codes";

describe("a code of an authenticator app", () => {
  it.each(["123456", " 123 456 ", "123-456", "12 34 56", "123\u00a0456", "１２３４５６"])("%j is 123456", (text) => {
    expect(totpCode(text)).toBe("123456");
  });

  it.each(["", "12345", "1234567", "12345a", "abcdef"])("%j is none", (text) => {
    expect(totpCode(text)).toBeUndefined();
  });

  it("keeps what stands in front", () => {
    expect(totpCode("000 123")).toBe("000123");
  });
});

describe("a recovery code", () => {
  it.each(["abcde-fgh23", " ABCDE-FGH23\n", "abcde – fgh23", "abcde‑fgh23", "ab cde-fgh 23"])("%j is one", (text) => {
    expect(recoveryCode(text)).toBe("abcde-fgh23");
  });

  it("is nothing if nothing was typed", () => {
    expect(recoveryCode("  ")).toBeUndefined();
  });
});

it("groups a secret by four", () => {
  expect(grouped("JBSWY3DPEHPK3PXPAB")).toBe("JBSW Y3DP EHPK 3PXP AB");
  expect(grouped("")).toBe("");
});

it("writes a file that names the server and every code", () => {
  const file = recoveryFile(["aaaaa-bbbbb", "ccccc-ddddd"], "pilotfish.example");
  expect(file).toContain("pilotfish.example");
  expect(file.split("\n").filter((line) => /^[a-z]{5}-[a-z]{5}$/.test(line))).toEqual(["aaaaa-bbbbb", "ccccc-ddddd"]);
});
