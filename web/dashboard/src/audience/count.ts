/** How many people an audience matches now, and that in words. */
import { queryOptions } from "@tanstack/react-query";
import { api, type Schema, take } from "../api/client";
import { Problem } from "../api/problem";
import { count } from "../charts/number";
import type { Rule } from "./words";

export type Preview = Schema["SegmentPreview"];

const BUSY = 429;

export const audienceCountQuery = (environment: string, audience: Rule | null) =>
  queryOptions({
    queryKey: [environment, "segments", "preview", audience],
    queryFn: () => take(api.POST("/api/v1/segments/preview", { body: { audience } })),
    staleTime: 30_000,
    retry: (tries, error) => tries < 4 && error instanceof Problem && error.status === BUSY,
    retryDelay: 1_000,
  });

export function countWords({ count: matching, unknown, total, looked_at, sampled }: Preview): string {
  if (total === 0) {
    return "There is nobody in this environment yet.";
  }
  const about = sampled ? "About " : "";
  const verb = matching === 1 ? "matches" : "match";
  const first = `${about}${count(matching)} of ${people(total)} ${verb} now.`;
  const apart = unknown > 0 ? ` Of ${count(unknown)} more it is not known yet, or is decided on the page.` : "";
  return `${first}${apart}${sampled ? ` Estimated from ${count(looked_at)}.` : ""}`;
}

const people = (total: number) => (total === 1 ? "1 person" : `${count(total)} people`);
