import { expect, it } from "vitest";
import { mayChange, mayGive, mayManageMembers, mayReadMembers } from "./roles";

it("lets only owners make and change owners", () => {
  expect(mayGive("owner")).toContain("owner");
  expect(mayGive("admin")).toContain("admin");
  expect(mayGive("admin")).not.toContain("owner");
  expect(mayChange("admin", "owner")).toBe(false);
  expect(mayChange("admin", "admin")).toBe(true);
  expect(mayChange("owner", "owner")).toBe(true);
});

it("lets nobody else give anything", () => {
  for (const role of ["publisher", "editor", "analyst", "viewer", "privacy_officer"] as const) {
    expect(mayGive(role)).toEqual([]);
    expect(mayManageMembers(role)).toBe(false);
  }
  expect(mayReadMembers("privacy_officer")).toBe(true);
  expect(mayReadMembers("analyst")).toBe(false);
});
