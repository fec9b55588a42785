import { queryOptions } from "@tanstack/react-query";
import { api, type Schema, take } from "../api/client";

export type FlowResults = Schema["FlowResults"];

const LIVE_MS = 1_000;

export const flowResultsQuery = (environment: string, id: string) =>
  queryOptions({
    queryKey: [environment, "content", "flow", id, "results"],
    queryFn: () => take(api.GET("/api/v1/flows/{id}/results", { params: { path: { id } } })),
    refetchInterval: LIVE_MS,
    refetchIntervalInBackground: false,
  });

export type FunnelStep = { label: string; reached: number; ofFirst: number; ofPrevious: number | null };

/** Each step beside the first and the one before it, shares from 0 to 1; completion is the last step. */
export function funnel(results: FlowResults): FunnelStep[] {
  const reached = [
    ...results.steps.map((step, index) => ({ label: `${index + 1}. ${step.title}`, count: step.reached })),
    { label: "Completed", count: results.completed },
  ];
  const first = reached[0]?.count ?? 0;
  return reached.map(({ label, count }, index) => {
    const before = reached[index - 1]?.count;
    return {
      label,
      reached: count,
      ofFirst: first === 0 ? 0 : count / first,
      ofPrevious: before === undefined ? null : before === 0 ? 0 : count / before,
    };
  });
}
