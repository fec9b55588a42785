/** Where the viewer is: organisation, app and environment, from the address. */
import { useQueryClient } from "@tanstack/react-query";
import { useRouteContext, useRouter } from "@tanstack/react-router";
import { meQuery, type Place } from "../session/me";
import { PLACE } from "./links";

export function usePlace(): Place {
  return useRouteContext({ from: PLACE, select: (context) => context.place });
}

export function useEnvironmentId(): string {
  return usePlace().environment.id;
}

/** For what changes one's own name or role: the frame shows it at once. */
export function useRenewMe(): () => Promise<void> {
  const client = useQueryClient();
  const router = useRouter();
  return async () => {
    await client.fetchQuery({ ...meQuery, staleTime: 0 });
    await router.invalidate();
  };
}
