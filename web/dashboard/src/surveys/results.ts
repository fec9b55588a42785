import { queryOptions } from "@tanstack/react-query";
import { api, type Schema, take } from "../api/client";
import type { Table } from "../charts/csv";

export type Results = Schema["SurveyResults"];
export type QuestionResults = Schema["QuestionResults"];

const LIVE_MS = 1_000;

/** Live: asked every second while somebody looks, not at all while the page is in the background. */
export const surveyResultsQuery = (environment: string, id: string) =>
  queryOptions({
    queryKey: [environment, "content", "survey", id, "results"],
    queryFn: () => take(api.GET("/api/v1/surveys/{id}/results", { params: { path: { id } } })),
    refetchInterval: LIVE_MS,
    refetchIntervalInBackground: false,
  });

/** The same with the free texts in clear; the server records who looked. */
export function revealTexts(id: string): Promise<Results> {
  return take(api.POST("/api/v1/surveys/{id}/results/reveal", { params: { path: { id } } }));
}

/** The texts of one question, as far as they were opened. */
export function openedTexts(opened: Results | undefined, question: string) {
  return opened?.questions.find((one) => one.id === question)?.texts;
}

export function distributionTable(question: QuestionResults): Table {
  const rows = question.distribution.map(({ label, count }) => [
    label,
    count,
    question.count === 0 ? null : Math.round((count / question.count) * 1000) / 10,
  ]);
  return { columns: ["Answer", "People", "Share of answers (%)"], rows };
}

/** An answer in words: labels of choices instead of their ids. */
export function answerWords(question: QuestionResults, value: unknown): string | undefined {
  if (value === undefined || value === null) {
    return undefined;
  }
  const label = (one: unknown) => question.distribution.find((entry) => entry.value === one)?.label ?? String(one);
  return Array.isArray(value) ? value.map(label).join(", ") : label(value);
}
