/** What the server answers, asked for and put into words. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, type Schema, take } from "../api/client";
import { Problem } from "../api/problem";
import type { Question } from "./question";

export type Answered = Schema["Answered"];
export type TrendAnswer = Schema["TrendAnswer"];
export type SeriesAnswer = Schema["SeriesAnswer"];
export type FunnelAnswer = Schema["FunnelAnswer"];
export type RetentionAnswer = Schema["RetentionAnswer"];
export type Cohort = Schema["Cohort"];
export type Group = Schema["Group"];
export type Target = Schema["Target"];
/** A question and what was answered to it, and when: they are shown together, for the form may be ahead of them. */
export type Told = { question: Question; answered: Answered; at: number };
/** Which number somebody wants to see the people of, and what it is called. */
export type Number = { of: Target; name: string; count: number };

const BUSY = 429;
const PAGE = 25;
const busyRetry = (tries: number, error: Error) => tries < 4 && error instanceof Problem && error.status === BUSY;

export const answerQuery = (environment: string, question: Question) =>
  queryOptions({
    queryKey: [environment, "query", question],
    queryFn: async ({ signal }): Promise<Told> => {
      const answered = await take(api.POST("/api/v1/query", { body: question, signal }));
      return { question, answered, at: Date.now() };
    },
    staleTime: 30_000,
    retry: busyRetry,
    retryDelay: 1_000,
  });

export const behindQuery = (environment: string, question: Question, of: Target) =>
  infiniteQueryOptions({
    queryKey: [environment, "query", "people", question, of],
    queryFn: ({ pageParam }: { pageParam: string | null }) =>
      take(api.POST("/api/v1/query/people", { body: { question, of, cursor: pageParam, limit: PAGE } })),
    initialPageParam: null,
    getNextPageParam: (page) => page.next_cursor,
    retry: busyRetry,
    retryDelay: 1_000,
  });

export const namesQuery = (environment: string) =>
  queryOptions({
    queryKey: [environment, "events", "names"],
    queryFn: () => take(api.GET("/api/v1/events/names")),
    staleTime: 60_000,
  });

export function groupName(group: Group | null | undefined): string | undefined {
  switch (group?.kind) {
    case undefined:
      return undefined;
    case "value":
      return group.value;
    case "missing":
      return "no value";
    case "other":
      return "all others";
  }
}

const number = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 2 });

/** `31,678`, `12.5` */
export const figure = (value: number) => number.format(value);

/** `42 %`; nothing of nothing is nothing. */
export const percent = (part: number, whole: number) =>
  whole === 0 ? "–" : `${Math.round((part / whole) * 1000) / 10} %`;

/** `40 s`, `12 min`, `3.5 h`, `2 days` */
export function seconds(value: number): string {
  const rounded = (amount: number) => number.format(Math.round(amount * 10) / 10);
  if (value < 90) {
    return `${rounded(value)} s`;
  }
  if (value < 90 * 60) {
    return `${rounded(value / 60)} min`;
  }
  return value < 36 * 3600 ? `${rounded(value / 3600)} h` : `${rounded(value / 86_400)} days`;
}

type Moment = { interval: string; zone: string };

/** When an interval begins, as an axis says it. */
export function momentLabel(time: string, { interval, zone }: Moment): string {
  const parts: Intl.DateTimeFormatOptions =
    interval === "month"
      ? { month: "short", year: "numeric" }
      : { day: "numeric", month: "short", ...(interval === "hour" ? { hour: "2-digit", minute: "2-digit" } : {}) };
  return new Intl.DateTimeFormat("en-GB", { ...parts, timeZone: zone }).format(new Date(time));
}
