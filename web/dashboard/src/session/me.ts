/** Who is signed in, and what they may choose from. */
import { queryOptions } from "@tanstack/react-query";
import { api, type Schema, take } from "../api/client";

export type Me = Schema["Me"];
export type App = Me["apps"][number];
export type Environment = Schema["Environment"];
export type Place = { me: Me; app: App; environment: Environment };

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: () => take(api.GET("/api/v1/me")),
  staleTime: 60_000,
});

export const setupQuery = queryOptions({
  queryKey: ["setup"],
  queryFn: () => take(api.GET("/api/v1/setup")),
  staleTime: 0,
});

/** A name as a part of a path: `Harbour Books` is `harbour-books`. */
export function slug(name: string): string {
  return name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}

/** An app as a part of a path; its id where two apps would share a name. */
export function appSlug(app: App, apps: App[]): string {
  const own = slug(app.name);
  const unique = own !== "" && apps.filter((other) => slug(other.name) === own).length === 1;
  return unique ? own : app.id;
}

export function placeOf(me: Me, appPart: string, environmentPart: string): Place | undefined {
  const app = me.apps.find((candidate) => appSlug(candidate, me.apps) === appPart);
  const environment = app?.environments.find((candidate) => candidate.name === environmentPart);
  return app && environment ? { me, app, environment } : undefined;
}

const LAST = "pilotfish.place";

export function rememberPlace(params: { app: string; environment: string }): void {
  localStorage.setItem(LAST, JSON.stringify(params));
}

/** Where to begin: the last place, if it is still there, or the first environment. */
export function firstPlace(me: Me): { app: string; environment: string } | undefined {
  const last = readLast();
  if (last && placeOf(me, last.app, last.environment)) {
    return last;
  }
  const app = me.apps[0];
  const environment = app?.environments[0];
  return app && environment ? { app: appSlug(app, me.apps), environment: environment.name } : undefined;
}

function readLast(): { app: string; environment: string } | undefined {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(LAST) ?? "null");
    if (typeof stored === "object" && stored !== null && "app" in stored && "environment" in stored) {
      return { app: String(stored.app), environment: String(stored.environment) };
    }
  } catch {
    localStorage.removeItem(LAST);
  }
  return undefined;
}
