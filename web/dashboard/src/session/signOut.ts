/** The way out. A failure is told, and nothing is forgotten here: the session would go on, unseen. */
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { api, take } from "../api/client";
import { explain, isProblem } from "../api/problem";
import { leave, tellTabs } from "./over";

export function useSignOut() {
  const client = useQueryClient();
  const router = useRouter();
  return useMutation({
    mutationFn: () => take(api.DELETE("/api/v1/sessions/current")),
    onSuccess: async () => {
      tellTabs("left");
      await leave(router, client, "over", false);
    },
    onError: (error) =>
      isProblem(error, "unauthenticated") ||
      notifications.show({
        color: "coral",
        title: "You are still signed in",
        message: `${explain(error)} Try again before you leave this device.`,
      }),
  });
}
