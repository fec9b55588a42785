/** The organisation's identity providers. */
import { queryOptions } from "@tanstack/react-query";
import { api, type Schema, take } from "../api/client";
import { fieldErrors } from "../session/fieldErrors";

export type Provider = Schema["IdentityProvider"];
export type Settings = Schema["Settings"];

export const providersQuery = queryOptions({
  queryKey: ["organisation", "identity-providers"],
  queryFn: () => take(api.GET("/api/v1/organisation/identity-providers")),
});

export const signInRuleQuery = queryOptions({
  queryKey: ["organisation", "sign-in"],
  queryFn: () => take(api.GET("/api/v1/organisation/sign-in")),
});

/** What is typed, before it is sent. */
export type Draft = {
  name: string;
  issuer: string;
  client_id: string;
  client_secret: string;
  settings: Omit<Settings, "role_claim"> & { role_claim: string };
};

const NOTHING: Draft = {
  name: "",
  issuer: "",
  client_id: "",
  client_secret: "",
  settings: { scopes: [], domains: [], trusts_mfa: false, role_claim: "", role_rules: [], default_role: "viewer" },
};

export function draftOf(provider: Provider | undefined): Draft {
  if (!provider) {
    return structuredClone(NOTHING);
  }
  const { name, issuer, client_id, settings } = structuredClone(provider);
  return {
    name,
    issuer,
    client_id,
    client_secret: "",
    settings: { ...settings, role_claim: settings.role_claim ?? "" },
  };
}

export function settingsOf({ settings }: Draft): Settings {
  return { ...settings, role_claim: settings.role_claim.trim() || null };
}

/** What is missing, by field. */
export function missingIn(draft: Draft, isNew: boolean): Record<string, string> {
  const wrong: Record<string, string> = {};
  if (!draft.name.trim()) {
    wrong.name = "Enter what its button says";
  }
  if (isNew && !/^https?:\/\/\S+$/.test(draft.issuer.trim())) {
    wrong.issuer = "Enter the issuer, such as https://id.example.org";
  }
  if (!draft.client_id.trim()) {
    wrong.client_id = "Enter the client id that the provider made";
  }
  if (isNew && !draft.client_secret) {
    wrong.client_secret = "Enter the client secret that the provider made";
  }
  const makesMembers = draft.settings.default_role !== null || draft.settings.role_rules.length > 0;
  if (makesMembers && draft.settings.domains.length === 0) {
    wrong["settings.domains"] = "Name the domains of the addresses with which one becomes a member";
  }
  if (draft.settings.role_rules.length > 0 && !draft.settings.role_claim.trim()) {
    wrong["settings.role_claim"] = "Say which claim the rules are about";
  }
  draft.settings.role_rules.forEach((rule, index) => {
    if (!rule.value.trim()) {
      wrong[`settings.role_rules.${index}.value`] = "Enter a value of the claim";
    }
  });
  return wrong;
}

/** The server's words at the fields of the form: what is said of one of several tags stands at all of them. */
export function providerErrors(error: unknown): Record<string, string> {
  const byPointer = Object.entries(fieldErrors(error));
  return Object.fromEntries(
    byPointer.map(([pointer, words]) => [
      pointer.replace(/^(settings\/(scopes|domains))\/\d+$/, "$1").replaceAll("/", "."),
      words,
    ]),
  );
}
