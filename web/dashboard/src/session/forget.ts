/** Leaving a session leaves nothing of it in this tab: no answer, no draft, no message, no chosen environment. */
import { notifications } from "@mantine/notifications";
import type { QueryClient } from "@tanstack/react-query";
import { clearDrafts } from "../analytics/drafts";
import { chooseEnvironment } from "../api/client";

/** What the door itself asks, and shows while the rest is forgotten. */
const OF_THE_DOOR: unknown[] = ["setup", "sign-in", "session"];

export function forget(client: QueryClient): void {
  client.removeQueries({ predicate: ({ queryKey }) => !OF_THE_DOOR.includes(queryKey[0]) });
  client.getMutationCache().clear();
  clearDrafts();
  notifications.clean();
  notifications.cleanQueue();
  chooseEnvironment(undefined);
}
