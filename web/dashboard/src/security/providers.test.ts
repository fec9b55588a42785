import { expect, it } from "vitest";
import { Problem } from "../api/problem";
import { draftOf, missingIn, providerErrors, settingsOf } from "./providers";

it("names what is missing, of a new one the secret too", () => {
  const draft = draftOf(undefined);
  expect(Object.keys(missingIn(draft, true))).toEqual([
    "name",
    "issuer",
    "client_id",
    "client_secret",
    "settings.domains",
  ]);
  const filled = { ...draft, name: "Acme", issuer: "https://id.acme.example", client_id: "c" };
  filled.settings.default_role = null;
  expect(missingIn(filled, false)).toEqual({});
  filled.settings.role_rules = [{ value: " ", role: "admin" }];
  filled.settings.domains = ["acme.example"];
  expect(Object.keys(missingIn(filled, false))).toEqual(["settings.role_claim", "settings.role_rules.0.value"]);
});

it("sends no claim where none is named", () => {
  const draft = draftOf(undefined);
  expect(settingsOf(draft).role_claim).toBeNull();
  draft.settings.role_claim = " groups ";
  expect(settingsOf(draft).role_claim).toBe("groups");
});

it("puts the server's words at the fields", () => {
  const errors = [
    { pointer: "/settings/domains/1", detail: "give a domain" },
    { pointer: "/settings/role_rules/0/role", detail: "give another role" },
    { pointer: "/issuer", detail: "give the issuer" },
  ];
  const problem = new Problem({
    type: "about:blank",
    title: "no",
    status: 422,
    code: "invalid_value",
    errors,
    next: [],
  });
  expect(providerErrors(problem)).toEqual({
    "settings.domains": "Give a domain.",
    "settings.role_rules.0.role": "Give another role.",
    issuer: "Give the issuer.",
  });
});
