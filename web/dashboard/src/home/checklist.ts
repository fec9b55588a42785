/** The demo's five minutes as the server tells them: by what happened, not by what was clicked. */
import { queryOptions } from "@tanstack/react-query";
import { api, type Schema, take } from "../api/client";

export type Checklist = Schema["DemoChecklist"];

const LIVE_MS = 2_000;

export const STEPS = ["met_at", "answered_at", "seen_at", "searched_at"] as const;
export type Step = (typeof STEPS)[number];

export function doneOf(list: Checklist | undefined): Step[] {
  return STEPS.filter((step) => list !== undefined && list[step] !== null);
}

/** Asked again while something is left to do. */
export const checklistQuery = (environment: string) =>
  queryOptions({
    queryKey: [environment, "demo", "checklist"],
    queryFn: () => take(api.GET("/api/v1/demo/checklist")),
    refetchInterval: ({ state }) => (doneOf(state.data).length === STEPS.length ? false : LIVE_MS),
  });
