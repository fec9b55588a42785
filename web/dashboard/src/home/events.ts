/** Events per day, as the server counts them (UTC), made whole: a day without events is there with 0. */
import { queryOptions } from "@tanstack/react-query";
import { api, type Schema, take } from "../api/client";
import { addDays, utcDay } from "../time/format";

export const DAYS = 30;

export type EventCount = Schema["EventCount"];
export type Day = { day: string; count: number };

export const eventCountsQuery = (environment: string) =>
  queryOptions({
    queryKey: [environment, "events", "counts", DAYS],
    queryFn: () => {
      const now = new Date();
      const query = { from: `${utcDay(addDays(now, 1 - DAYS))}T00:00:00Z`, to: now.toISOString() };
      return take(api.GET("/api/v1/events/counts", { params: { query } }));
    },
    refetchInterval: 10_000,
  });

/** Counts of one event (or of all) for each of the last days, oldest first. */
export function perDay(counts: EventCount[], event: string | null, now: Date): Day[] {
  const days = new Map(Array.from({ length: DAYS }, (_, index) => [utcDay(addDays(now, index + 1 - DAYS)), 0]));
  for (const row of counts) {
    const day = row.day.slice(0, 10);
    const before = days.get(day);
    if (before !== undefined && (event === null || row.event === event)) {
      days.set(day, before + row.count);
    }
  }
  return [...days].map(([day, count]) => ({ day, count }));
}

/** What was tracked, most frequent first. Names with `$` are our own (shown, completed …). */
export function eventNames(counts: EventCount[]): string[] {
  const totals = new Map<string, number>();
  for (const { event, count } of counts) {
    totals.set(event, (totals.get(event) ?? 0) + count);
  }
  return [...totals].sort((a, b) => b[1] - a[1]).map(([event]) => event);
}
