/** Saved questions: what the screens ask of the server. */
import { queryOptions } from "@tanstack/react-query";
import { api, type Schema, take } from "../api/client";

export type Report = Schema["Report"];
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
    queryFn: () => take(api.GET("/api/v1/reports/{id}", { params: { path: { id } } })),
  });

export const createReport = (body: NewReport) => take(api.POST("/api/v1/reports", { body }));

export const replaceReport = (id: string, { name, question, chart }: NewReport) =>
  take(api.PUT("/api/v1/reports/{id}", { params: { path: { id } }, body: { name, question, chart } }));

export const deleteReport = (id: string) => take(api.DELETE("/api/v1/reports/{id}", { params: { path: { id } } }));

export const restoreReport = (id: string) =>
  take(api.POST("/api/v1/reports/{id}/restore", { params: { path: { id } } }));
