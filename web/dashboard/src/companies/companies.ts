import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, type Schema, take } from "../api/client";

export type Company = Schema["Company"];

export const companiesQuery = (environment: string, search: string) =>
  infiniteQueryOptions({
    queryKey: [environment, "companies", { search }],
    queryFn: ({ pageParam }: { pageParam: string | null }) =>
      take(
        api.GET("/api/v1/companies", {
          params: {
            query: { limit: 25, ...(pageParam ? { cursor: pageParam } : {}), ...(search ? { q: search } : {}) },
          },
        }),
      ),
    initialPageParam: null,
    getNextPageParam: (page) => page.next_cursor,
  });

/** Which were here last: what an editor is given to choose from is read off them. */
export const latestCompaniesQuery = (environment: string) =>
  queryOptions({
    queryKey: [environment, "companies", "latest"],
    queryFn: () => take(api.GET("/api/v1/companies", { params: { query: { limit: 200 } } })),
    staleTime: 60_000,
  });

export const companyQuery = (environment: string, id: string) =>
  queryOptions({
    queryKey: [environment, "companies", "one", id],
    queryFn: () => take(api.GET("/api/v1/companies/{external_id}", { params: { path: { external_id: id } } })),
  });

export const membersQuery = (environment: string, id: string) =>
  infiniteQueryOptions({
    queryKey: [environment, "companies", "people", id],
    queryFn: ({ pageParam }: { pageParam: string | null }) =>
      take(
        api.GET("/api/v1/companies/{external_id}/people", {
          params: { path: { external_id: id }, query: { limit: 25, ...(pageParam ? { cursor: pageParam } : {}) } },
        }),
      ),
    initialPageParam: null,
    getNextPageParam: (page) => page.next_cursor,
  });

/** What to call a company: the name it was sent with, or its id. */
export function companyName(company: Company): string {
  const name = company.attributes.name;
  return typeof name === "string" && name && !company.personal.includes("name") ? name : idOf(company);
}

/** What the customer calls it, or what we do. */
export function idOf({ external_id, id }: { external_id: string | null; id: string }): string {
  return external_id ?? id;
}
