/** Where the viewer is: organisation, app and environment, from the address. */
import { useRouteContext } from "@tanstack/react-router";
import type { Place } from "../session/me";
import { PLACE } from "./links";

export function usePlace(): Place {
  return useRouteContext({ from: PLACE, select: (context) => context.place });
}

export function useEnvironmentId(): string {
  return usePlace().environment.id;
}
