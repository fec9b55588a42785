/**
 * The end of a session, wherever it is noticed: in an answer, by the clock, or in another tab. Everything of the member goes
 * from this tab's memory, and the sign-in leads back to where they were.
 */
import type { QueryClient } from "@tanstack/react-query";
import type { AnyRouter } from "@tanstack/react-router";
import { onUse } from "../api/client";
import { onStanding, type Standing } from "../api/standing";
import { forget } from "./forget";
import { isOver, type Uses } from "./idle";
import { meQuery } from "./me";
import { sessionQuery } from "./session";

type Told = { kind: "used"; at: number } | { kind: "left" } | { kind: "switched" };
const LOOK_MS = 15_000;
const TELL_MS = 5_000;

const listeners = new Set<() => void>();
const tabs = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel("pilotfish.session");

/** Called when the session of this tab is over. */
export function onOver(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Says to the other tabs of this browser that the session they share is another one, or none. */
export function tellTabs(kind: "left" | "switched"): void {
  tabs?.postMessage({ kind } satisfies Told);
}

let leaving: Promise<void> | undefined;

/** Takes this tab out: to the sign-in (or what must be done first), and back here afterwards if `back`. */
export function leave(router: AnyRouter, client: QueryClient, standing: Standing, back: boolean): Promise<void> {
  leaving ??= goOut(router, client, standing, back).finally(() => {
    leaving = undefined;
  });
  return leaving;
}

async function goOut(router: AnyRouter, client: QueryClient, standing: Standing, back: boolean): Promise<void> {
  const { pathname, href, search } = router.state.location;
  const next = pathname.startsWith("/app/") ? href : (search as { next?: string }).next;
  client.removeQueries({ queryKey: sessionQuery.queryKey });
  for (const listener of listeners) {
    listener();
  }
  await router.navigate({
    to: standing === "enrolment" ? "/enrol" : "/sign-in",
    search: back && next ? { next } : {},
    state: standing === "over" && back ? { over: true } : {},
  });
  forget(client);
  router.clearCache();
}

/** Watches over the session of this tab from now on. */
export function keepWatch(router: AnyRouter, client: QueryClient): void {
  const uses: Uses = { last: Date.now() };
  let told = 0;
  const inside = () =>
    client.getQueryData(meQuery.queryKey) !== undefined || router.state.location.pathname === "/enrol";
  const over = () => inside() && void leave(router, client, "over", true);
  onStanding((standing) => inside() && void leave(router, client, standing, true));
  onUse(() => {
    uses.last = Date.now();
    if (uses.last - told > TELL_MS) {
      told = uses.last;
      tabs?.postMessage({ kind: "used", at: uses.last } satisfies Told);
    }
  });
  tabs?.addEventListener("message", ({ data }: MessageEvent<Told>) => {
    if (data.kind === "used") {
      uses.last = Math.max(uses.last, data.at);
    } else if (data.kind === "left") {
      over();
    } else if (inside()) {
      window.location.assign("/");
    }
  });
  const look = () => {
    const session = client.getQueryData(sessionQuery.queryKey);
    if (session && isOver(session, uses, Date.now())) {
      over();
    }
  };
  setInterval(look, LOOK_MS);
  document.addEventListener("visibilitychange", look);
}
