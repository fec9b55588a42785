/** Another organisation of the same member: everything that was shown is of the one before, and goes. */
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { api, take } from "../api/client";
import { explain } from "../api/problem";
import { useEnter } from "./enter";

export function useSwitchOrganisation() {
  const enter = useEnter();
  return useMutation({
    mutationFn: ({ id }: { id: string; name: string }) =>
      take(api.PUT("/api/v1/sessions/current/organisation", { body: { organisation: id } })),
    onSuccess: enter,
    onError: (error, { name }) =>
      notifications.show({ color: "coral", title: `Still not in ${name}`, message: explain(error) }),
  });
}
