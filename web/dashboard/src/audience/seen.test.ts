import { expect, it } from "vitest";
import { namesOf, valuesOf } from "./seen";

const one = (plan: unknown, more: object = {}) => ({ attributes: { plan, ...more }, personal: [] });

it("offers the most frequent values first, as they are typed", () => {
  const all = [one("free"), one("pro"), one("pro"), one("free"), one("pro"), one(12), one(12), one("12"), one("12")];
  expect(valuesOf(all, "plan")).toEqual(["pro", '"12"', "12", "free"]);
});

it("never offers a personal value, nor one that a single person has", () => {
  const sealed = { attributes: { email: { personal: true } }, personal: ["email"] };
  const shown = { attributes: { email: "ana@example.org" }, personal: ["email"] };
  expect(valuesOf([sealed, sealed, shown, shown], "email")).toEqual([]);
  expect(valuesOf([one("a", { ref: "x1" }), one("a", { ref: "x2" })], "ref")).toEqual([]);
  expect(namesOf([sealed, one("a")])).toEqual(["email", "plan"]);
});

it("offers few, and none that is long", () => {
  const many = Array.from({ length: 60 }, (_, index) => one(`plan ${index % 30}`));
  expect(valuesOf(many, "plan")).toHaveLength(12);
  expect(valuesOf([one("x".repeat(61)), one("x".repeat(61))], "plan")).toEqual([]);
});
