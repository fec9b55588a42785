import { expect, it } from "vitest";
import { tokenIn } from "./token";

it("reads the token from the fragment", () => {
  expect(tokenIn("#token=abc-_123")).toBe("abc-_123");
});

it.each(["", "#", "#token=", "#other=abc"])("finds none in %j", (fragment) => {
  expect(tokenIn(fragment)).toBeUndefined();
});
