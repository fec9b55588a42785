import { expect, it } from "vitest";
import { Problem } from "../api/problem";
import { fieldErrors, standsAtFields } from "./fieldErrors";

const refusal = (status: number, errors: { pointer: string; detail: string }[]) =>
  new Problem({ type: "about:blank", title: "no", status, code: "invalid_value", errors });

it("puts what the server said at the field that it is about, as a sentence", () => {
  const error = refusal(422, [{ pointer: "/password", detail: "this password is known from breaches" }]);
  expect(fieldErrors(error)).toEqual({ password: "This password is known from breaches." });
  expect(standsAtFields(error)).toBe(true);
});

it("leaves what is about no field to be said otherwise", () => {
  expect(fieldErrors(new Error("offline"))).toEqual({});
  expect(standsAtFields(refusal(422, []))).toBe(false);
  expect(standsAtFields(refusal(409, [{ pointer: "/email", detail: "taken" }]))).toBe(false);
});
