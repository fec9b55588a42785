/** Identity providers of the stand-in: one that answers, one that does not, and a page of theirs that sends everybody back. */
import type { Schema } from "../src/api/types";
import { type Ask, ok, problem, type Route, route } from "./http";

const AT = "2026-11-02T09:00:00Z";
const settings: Schema["Settings"] = {
  scopes: ["groups"],
  domains: ["harbour.example"],
  trusts_mfa: true,
  role_claim: "groups",
  role_rules: [{ value: "product", role: "editor" }],
  default_role: "viewer",
};
const provider = (id: string, name: string, issuer: string, members: number): Schema["IdentityProvider"] => ({
  id,
  name,
  issuer,
  client_id: "pilotfish",
  settings,
  created_at: AT,
  last_used_at: members > 0 ? AT : null,
  members,
  redirect_uri: `https://dashboard.localhost:8444/sign-in/oidc/callback/${id}`,
});

export function identityProviders(empty: (ask: Ask) => boolean): Route[] {
  let all = [
    provider("idp_1", "Harbour at work", "https://id.harbour.example", 12),
    provider("idp_2", "Old directory", "https://old.harbour.example", 0),
  ];
  let required = false;
  const missing = problem(404, "not_found", "there is no such identity provider");
  const rule = (): Schema["OrganisationSignIn"] => ({
    identity_provider_required: required,
    sign_in_url: "https://dashboard.localhost:8444/sign-in/org_1",
  });
  const offered = () => all.map(({ id, name }) => ({ id, name }));
  const there = { status: 201 as const, body: { url: "/sign-in/oidc/callback/idp_1?state=s&error=access_denied" } };
  return [
    route("get", "/api/v1/sign-in/{organisation}", (ask) =>
      ok({ identity_providers: empty(ask) ? [] : offered(), required: ask.cookies.get("dev_scenario") === "required" }),
    ),
    route("post", "/api/v1/sessions/oidc", () => there),
    route("post", "/api/v1/sessions/oidc/callback", () => problem(403, "identity_provider_refused", "begin again")),
    route("post", "/api/v1/sessions/current/proofs/oidc", () => there),
    route("get", "/api/v1/account/identities", (ask) =>
      ok({
        data: empty(ask)
          ? []
          : [
              {
                id: "idn_1",
                provider: "idp_1",
                name: "Harbour at work",
                organisation: "Harbour",
                linked_at: AT,
                last_used_at: AT,
              },
            ],
        can_link: empty(ask) ? [] : offered().slice(1),
      }),
    ),
    route("post", "/api/v1/account/identities", () => there),
    route("delete", "/api/v1/account/identities/{id}", () => ({ status: 204 as const })),
    route("get", "/api/v1/organisation/identity-providers", (ask) => ok({ data: empty(ask) ? [] : all })),
    route("post", "/api/v1/organisation/identity-providers", ({ body }) => {
      if (body.issuer === "https://nowhere.example") {
        return problem(422, "invalid_value", "no", [{ pointer: "/issuer", detail: "give another issuer" }]);
      }
      const added = provider(`idp_${all.length + 1}`, String(body.name), String(body.issuer), 0);
      all = [...all, added];
      return { status: 201 as const, body: added };
    }),
    route("put", "/api/v1/organisation/identity-providers/{id}", ({ body }, id) => {
      all = all.map((one) => (one.id === id ? { ...one, name: String(body.name) } : one));
      const changed = all.find((one) => one.id === id);
      return changed ? ok(changed) : missing;
    }),
    route("delete", "/api/v1/organisation/identity-providers/{id}", (_ask, id) => {
      all = all.filter((one) => one.id !== id);
      return { status: 204 as const };
    }),
    route("post", "/api/v1/organisation/identity-providers/{id}/test", (_ask, id) =>
      ok(
        id === "idp_2"
          ? {
              problem:
                "nobody answers there within 10 seconds, its certificate is not trusted, or it is in a private network that the operator has not named (--identity-provider-networks)",
              usable_keys: 0,
            }
          : { problem: null, usable_keys: 2 },
      ),
    ),
    route("get", "/api/v1/organisation/sign-in", () => ok(rule())),
    route("put", "/api/v1/organisation/sign-in", ({ body }) => {
      required = body.identity_provider_required === true;
      return ok(rule());
    }),
  ];
}
