/** Identity providers: going to one, and coming back. Of where one was, a path of this server is kept meanwhile, and nothing else. */
import { queryOptions } from "@tanstack/react-query";
import { api, type Schema, take } from "../api/client";
import { nextIn } from "./session";

export type OfferedProvider = Schema["OfferedProvider"];
export type ProviderAnswer = Schema["ProviderAnswer"];

/** What the page of an organisation offers. */
export const organisationOfferQuery = (organisation: string) =>
  queryOptions({
    queryKey: ["sign-in", organisation],
    queryFn: () => take(api.GET("/api/v1/sign-in/{organisation}", { params: { path: { organisation } } })),
    staleTime: 60_000,
  });

const BACK = "pilotfish.back";

/** Leaves for a provider; `back` is where to go on afterwards. */
export function leaveFor({ url }: Schema["Redirection"], back: string | undefined): void {
  if (back) {
    sessionStorage.setItem(BACK, back);
  } else {
    sessionStorage.removeItem(BACK);
  }
  window.location.assign(url);
}

/** Where to go on, once. */
export function takeBack(): string | undefined {
  const next = sessionStorage.getItem(BACK);
  sessionStorage.removeItem(BACK);
  return nextIn({ next }).next;
}

const NAMES = ["state", "code", "error", "iss"] as const;

/** What somebody was sent back with to a provider's own address; undefined if it is nothing of the kind. */
export function answerIn(provider: string, query: string): ProviderAnswer | undefined {
  const said = new URLSearchParams(query);
  const given = NAMES.flatMap((name) => {
    const value = said.get(name);
    return value ? [[name, value] as const] : [];
  });
  const { state, ...rest } = Object.fromEntries(given) as Partial<ProviderAnswer>;
  return state && (rest.code || rest.error) ? { identity_provider: provider, state, ...rest } : undefined;
}

/** The same, and takes it out of the address: it is in no history then. */
export function takeAnswer(provider: string): ProviderAnswer | undefined {
  const answer = answerIn(provider, window.location.search);
  window.history.replaceState(window.history.state, "", window.location.pathname);
  return answer;
}
