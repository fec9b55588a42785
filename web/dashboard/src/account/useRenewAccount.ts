/** What a change of one's own factors or password touches: the account, and what the session may do. */
import { useQueryClient } from "@tanstack/react-query";
import { sessionQuery } from "../session/session";
import { accountQuery } from "./account";

export function useRenewAccount(): () => Promise<unknown> {
  const client = useQueryClient();
  return () =>
    Promise.all([
      client.invalidateQueries({ queryKey: accountQuery.queryKey }),
      client.invalidateQueries({ queryKey: sessionQuery.queryKey }),
    ]);
}
