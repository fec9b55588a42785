/** Saved questions: what the screens ask of the server. */
import { queryOptions } from "@tanstack/react-query";
import { api, type Marked, type Schema, take, takeMarked } from "../api/client";
import { Problem } from "../api/problem";

export type Report = Schema["Report"];
export type MarkedReport = Marked<Report>;
export type Chart = Schema["ReportChart"];
export type NewReport = Pick<Report, "name" | "question" | "chart">;

export const reportsQuery = (environment: string, deleted = false) =>
  queryOptions({
    queryKey: [environment, "reports", { deleted }],
    queryFn: async () => {
      const all: Report[] = [];
      for (let cursor: string | null = null; ; ) {
        const query = { limit: 200, deleted, ...(cursor ? { cursor } : {}) };
        const page: Schema["ReportList"] = await take(api.GET("/api/v1/reports", { params: { query } }));
        all.push(...page.data);
        cursor = page.next_cursor;
        if (!cursor) {
          return all;
        }
      }
    },
  });

export const reportQuery = (environment: string, id: string) =>
  queryOptions({
    queryKey: [environment, "reports", "one", id],
    queryFn: () => takeMarked(api.GET("/api/v1/reports/{id}", { params: { path: { id } } })),
  });

export const createReport = (body: NewReport) => takeMarked(api.POST("/api/v1/reports", { body }));

/** Replaces what was read: it is refused when somebody has changed it since. */
export const replaceReport = (id: string, { name, question, chart }: NewReport, etag: string | null) =>
  takeMarked(
    api.PUT("/api/v1/reports/{id}", {
      params: { path: { id } },
      headers: etag === null ? {} : { "If-Match": etag },
      body: { name, question, chart },
    }),
  );

/** Whether somebody else's change came between. */
export const isConflict = (error: Error) => error instanceof Problem && (error.status === 409 || error.status === 412);

export const deleteReport = (id: string) => take(api.DELETE("/api/v1/reports/{id}", { params: { path: { id } } }));

export const restoreReport = (id: string) =>
  take(api.POST("/api/v1/reports/{id}/restore", { params: { path: { id } } }));
