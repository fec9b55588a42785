/** What the people screens ask of the server. E-mails are searched in a body, never in an address. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, type Schema, take } from "../api/client";

export type Person = Schema["Person"];
export type PersonEvent = Schema["Event"];
export type Attributes = Schema["Attributes"];

const PAGE = 25;

export const isEmail = (text: string) => text.includes("@");

export const peopleQuery = (environment: string, search: string) =>
  infiniteQueryOptions({
    queryKey: [environment, "people", { search }],
    queryFn: ({ pageParam }: { pageParam: string | null }) =>
      isEmail(search)
        ? take(api.POST("/api/v1/people/search", { body: { email: search } }))
        : take(
            api.GET("/api/v1/people", {
              params: {
                query: {
                  limit: PAGE,
                  ...(pageParam ? { cursor: pageParam } : {}),
                  ...(search ? { q: search } : {}),
                },
              },
            }),
          ),
    initialPageParam: null,
    getNextPageParam: (page) => page.next_cursor,
  });

/** Who was here last: what an editor is given to choose from is read off them. */
export const latestPeopleQuery = (environment: string) =>
  queryOptions({
    queryKey: [environment, "people", "latest"],
    queryFn: () => take(api.GET("/api/v1/people", { params: { query: { limit: 200 } } })),
    staleTime: 60_000,
  });

export const personQuery = (environment: string, id: string) =>
  queryOptions({
    queryKey: [environment, "people", "one", id],
    queryFn: () => take(api.GET("/api/v1/people/{external_id}", { params: { path: { external_id: id } } })),
  });

export const timelineQuery = (environment: string, id: string) =>
  infiniteQueryOptions({
    queryKey: [environment, "people", "events", id],
    queryFn: ({ pageParam }: { pageParam: string | null }) =>
      take(
        api.GET("/api/v1/people/{external_id}/events", {
          params: { path: { external_id: id }, query: pageParam ? { cursor: pageParam } : {} },
        }),
      ),
    initialPageParam: null,
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: 5_000,
  });

export const whyQuery = (environment: string, person: string, content: string) =>
  queryOptions({
    queryKey: [environment, "people", "why", person, content],
    queryFn: () =>
      take(
        api.GET("/api/v1/people/{external_id}/content/{id}/why", {
          params: { path: { external_id: person, id: content } },
        }),
      ),
    staleTime: 0,
  });

/** A page of the same events with personal properties in clear; the server records who looked. */
export function revealEvents(id: string, cursor: string | null) {
  return take(
    api.POST("/api/v1/people/{external_id}/events/reveal", {
      params: { path: { external_id: id }, query: cursor ? { cursor } : {} },
    }),
  );
}

export function reveal(id: string): Promise<{ attributes: Attributes }> {
  return take(api.POST("/api/v1/people/{external_id}/reveal", { params: { path: { external_id: id } } }));
}
