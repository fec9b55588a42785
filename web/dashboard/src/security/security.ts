/** The organisation's rules for signing in. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, type Schema, take } from "../api/client";

export type Security = Schema["Security"];
export type NewSecurity = Schema["NewSecurity"];

export const securityQuery = queryOptions({
  queryKey: ["organisation", "security"],
  queryFn: () => take(api.GET("/api/v1/organisation/security")),
});

export const organisationSignInsQuery = infiniteQueryOptions({
  queryKey: ["organisation", "sign-ins"],
  queryFn: ({ pageParam: cursor }) =>
    take(api.GET("/api/v1/organisation/sign-ins", { params: { query: cursor ? { cursor } : {} } })),
  initialPageParam: "",
  getNextPageParam: (page) => page.next_cursor ?? undefined,
});

export const LIMITS = {
  grace_days: [0, 90],
  idle_minutes: [5, 30],
  absolute_hours: [1, 12],
} as const;

/** What is wrong with the numbers, by field. */
export function outOfLimits(security: NewSecurity): Partial<Record<keyof NewSecurity, string>> {
  const wrong: Partial<Record<keyof NewSecurity, string>> = {};
  for (const [field, [least, most]] of Object.entries(LIMITS) as [keyof typeof LIMITS, readonly [number, number]][]) {
    const value = security[field];
    if (!Number.isInteger(value) || value < least || value > most) {
      wrong[field] = `Choose a whole number from ${least} to ${most}`;
    }
  }
  return wrong;
}
