/** Addresses of Harbour's pages, kept in the browser's own history. */
import { useEffect, useState } from "preact/hooks";
import type { Status } from "./model/invoice";

export type Route =
  | { readonly page: "sign-in"; readonly next: string }
  | { readonly page: "overview" }
  | { readonly page: "invoices"; readonly status: Status | null }
  | { readonly page: "invoice"; readonly number: number }
  | { readonly page: "new-invoice" }
  | { readonly page: "customers" }
  | { readonly page: "not-found" };

export const HOME = "/overview";
const STATUSES: readonly string[] = ["draft", "sent", "overdue", "paid"] satisfies Status[];

/** Only paths of this site: a sign-in link must not lead anywhere else. */
export function safeNext(next: string | null): string {
  if (next === null || !/^\/[a-z0-9]/.test(next)) return HOME;
  const { page } = parse(next);
  return page === "not-found" || page === "sign-in" ? HOME : next;
}

export function parse(address: string): Route {
  const url = new URL(address, "https://harbour.invalid");
  const path = url.pathname.replace(/(?<=.)\/$/, "");
  if (path === "/sign-in") return { page: "sign-in", next: safeNext(url.searchParams.get("next")) };
  if (path === "/" || path === HOME) return { page: "overview" };
  if (path === "/invoices/new") return { page: "new-invoice" };
  if (path === "/customers") return { page: "customers" };
  if (path === "/invoices") {
    const status = url.searchParams.get("status");
    return { page: "invoices", status: status !== null && STATUSES.includes(status) ? (status as Status) : null };
  }
  const invoice = /^\/invoices\/(\d{1,9})$/.exec(path);
  if (invoice !== null) return { page: "invoice", number: Number(invoice[1]) };
  return { page: "not-found" };
}

const here = () => location.pathname + location.search;
const listeners = new Set<() => void>();

export function navigate(to: string, how: "push" | "replace" = "push"): void {
  if (to === here()) return;
  if (how === "push") history.pushState(null, "", to);
  else history.replaceState(null, "", to);
  for (const listener of listeners) listener();
}

/** The current address; renders again when it changes. */
export function useAddress(): string {
  const [address, setAddress] = useState(here);
  useEffect(() => {
    const update = () => setAddress(here());
    listeners.add(update);
    addEventListener("popstate", update);
    return () => {
      listeners.delete(update);
      removeEventListener("popstate", update);
    };
  }, []);
  return address;
}
