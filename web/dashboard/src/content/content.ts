/** Content of both kinds behind one face: what lists, editors and results ask of the server. */
import { queryOptions } from "@tanstack/react-query";
import { api, type Schema, take } from "../api/client";

export type Survey = Schema["Survey"];
export type Flow = Schema["Flow"];
export type Content = Survey | Flow;
export type Kind = Content["kind"];
export type Definition = Schema["SurveyDefinition"] | Schema["FlowDefinition"];

export const contentKeys = {
  all: (environment: string) => [environment, "content"] as const,
  one: (environment: string, kind: Kind, id: string) => [environment, "content", kind, id] as const,
};

/** All surveys and flows, the latest change first. */
export const contentListQuery = (environment: string) =>
  queryOptions({
    queryKey: [...contentKeys.all(environment), "list"],
    queryFn: async () => (await allContent(false)).sort((a, b) => b.updated_at.localeCompare(a.updated_at)),
  });

/** What can still be restored, the latest deletion first. */
export const deletedContentQuery = (environment: string) =>
  queryOptions({
    queryKey: [...contentKeys.all(environment), "deleted"],
    queryFn: async () =>
      (await allContent(true)).sort((a, b) => (b.deleted_at ?? "").localeCompare(a.deleted_at ?? "")),
  });

async function allContent(deleted: boolean): Promise<Content[]> {
  const query = { limit: PAGE, ...(deleted ? { deleted } : {}) };
  const [surveys, flows] = await Promise.all([
    everyPage<Survey>((more) => take(api.GET("/api/v1/surveys", { params: { query: { ...query, ...more } } }))),
    everyPage<Flow>((more) => take(api.GET("/api/v1/flows", { params: { query: { ...query, ...more } } }))),
  ]);
  return [...surveys, ...flows];
}

const PAGE = 200;
/** Of each kind at most so many pages: 2,000 pieces. */
const PAGES = 10;

type Page<T> = { data: T[]; next_cursor: string | null };

/** A list to its end, page after page. */
export async function everyPage<T>(read: (more: { cursor?: string }) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = [];
  let more: { cursor?: string } = {};
  for (let pages = 0; pages < PAGES; pages += 1) {
    const { data, next_cursor } = await read(more);
    all.push(...data);
    if (next_cursor === null) {
      break;
    }
    more = { cursor: next_cursor };
  }
  return all;
}

export const surveyQuery = (environment: string, id: string) =>
  queryOptions({
    queryKey: contentKeys.one(environment, "survey", id),
    queryFn: () => take(api.GET("/api/v1/surveys/{id}", { params: { path: { id } } })),
  });

export const flowQuery = (environment: string, id: string) =>
  queryOptions({
    queryKey: contentKeys.one(environment, "flow", id),
    queryFn: () => take(api.GET("/api/v1/flows/{id}", { params: { path: { id } } })),
  });

export function createContent(kind: "survey", name: string, definition: Schema["SurveyDefinition"]): Promise<Content>;
export function createContent(kind: "flow", name: string, definition: Schema["FlowDefinition"]): Promise<Content>;
export function createContent(kind: Kind, name: string, definition: Definition): Promise<Content> {
  return "questions" in definition && kind === "survey"
    ? take(api.POST("/api/v1/surveys", { body: { name, definition } }))
    : take(api.POST("/api/v1/flows", { body: { name, definition: definition as Schema["FlowDefinition"] } }));
}

export function saveDraft(kind: Kind, id: string, name: string, definition: Definition): Promise<Content> {
  const params = { path: { id } };
  return kind === "survey"
    ? take(
        api.PUT("/api/v1/surveys/{id}", {
          params,
          body: { name, definition: definition as Schema["SurveyDefinition"] },
        }),
      )
    : take(
        api.PUT("/api/v1/flows/{id}", { params, body: { name, definition: definition as Schema["FlowDefinition"] } }),
      );
}

export function publish({ kind, id }: { kind: Kind; id: string }): Promise<Content> {
  const params = { path: { id } };
  return kind === "survey"
    ? take(api.POST("/api/v1/surveys/{id}/publish", { params }))
    : take(api.POST("/api/v1/flows/{id}/publish", { params }));
}

export function pause({ kind, id }: { kind: Kind; id: string }): Promise<Content> {
  const params = { path: { id } };
  return kind === "survey"
    ? take(api.POST("/api/v1/surveys/{id}/pause", { params }))
    : take(api.POST("/api/v1/flows/{id}/pause", { params }));
}

/** Gone from view, restorable for 30 days. */
export async function remove({ kind, id }: { kind: Kind; id: string }): Promise<void> {
  const params = { path: { id } };
  await (kind === "survey"
    ? take(api.DELETE("/api/v1/surveys/{id}", { params }))
    : take(api.DELETE("/api/v1/flows/{id}", { params })));
}

export function restore({ kind, id }: { kind: Kind; id: string }): Promise<Content> {
  const params = { path: { id } };
  return kind === "survey"
    ? take(api.POST("/api/v1/surveys/{id}/restore", { params }))
    : take(api.POST("/api/v1/flows/{id}/restore", { params }));
}
