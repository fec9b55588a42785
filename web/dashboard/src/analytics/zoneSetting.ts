/** The environment's time zone, in which the days of every answer begin. */
import { queryOptions } from "@tanstack/react-query";
import { api, take } from "../api/client";

export const zoneQuery = (environment: string) =>
  queryOptions({
    queryKey: [environment, "zone"],
    queryFn: () => take(api.GET("/api/v1/environment/zone")),
    staleTime: 60_000,
  });

export const setZone = (zone: string) => take(api.PUT("/api/v1/environment/zone", { body: { zone } }));
