/** The way in, once the server has said who somebody is: nothing of whoever was here before stays. */
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { forget } from "./forget";
import { tellTabs } from "./over";
import { type CurrentSession, sessionQuery } from "./session";

export function useEnter(next?: string): (session: CurrentSession) => Promise<void> {
  const client = useQueryClient();
  const navigate = useNavigate();
  return async (session) => {
    forget(client);
    client.setQueryData(sessionQuery.queryKey, session);
    tellTabs("switched");
    if (session.needs === "identity_provider") {
      await navigate({ to: "/sign-in", search: next ? { next } : {}, replace: true });
    } else if (session.needs === "enrolment") {
      await navigate({ to: "/enrol", search: next ? { next } : {}, replace: true });
    } else {
      await navigate({ href: next ?? "/", replace: true });
    }
  };
}
