/** One's own account, as the server knows it. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, type Schema, take } from "../api/client";

export type Account = Schema["Account"];
export type Passkey = Schema["Passkey"];

export const accountQuery = queryOptions({
  queryKey: ["account"],
  queryFn: () => take(api.GET("/api/v1/account")),
});

export const identitiesQuery = queryOptions({
  queryKey: ["account", "identities"],
  queryFn: () => take(api.GET("/api/v1/account/identities")),
});

export const sessionsQuery = queryOptions({
  queryKey: ["account", "sessions"],
  queryFn: () => take(api.GET("/api/v1/sessions")),
});

export const devicesQuery = queryOptions({
  queryKey: ["account", "devices"],
  queryFn: () => take(api.GET("/api/v1/account/devices")),
});

export const signInsQuery = infiniteQueryOptions({
  queryKey: ["account", "sign-ins"],
  queryFn: ({ pageParam: cursor }) =>
    take(api.GET("/api/v1/account/sign-ins", { params: { query: cursor ? { cursor } : {} } })),
  initialPageParam: "",
  getNextPageParam: (page) => page.next_cursor ?? undefined,
});

/** Whether there is anything beside the password. */
export const hasFactor = (account: Account) => account.totp !== null || account.passkeys.length > 0;
