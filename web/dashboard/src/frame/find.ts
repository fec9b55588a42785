/**
 * Somebody or a company by what the customer calls them. The page that opens has Pilotfish's id in its address: what the
 * customer calls them stays out of the browser's history.
 */
import { notifications } from "@mantine/notifications";
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api, take } from "../api/client";
import { explain, isProblem } from "../api/problem";
import { companyQuery } from "../companies/companies";
import { isEmail, personQuery } from "../people/people";
import { PLACE } from "./links";
import { useEnvironmentId } from "./place";

export type Findable = "person" | "company";

export function useFind(): (what: Findable, text: string) => Promise<void> {
  const client = useQueryClient();
  const environment = useEnvironmentId();
  const navigate = useNavigate({ from: PLACE });
  return async (what, text) => {
    try {
      const id = await find(client, environment, what, text);
      if (id === undefined) {
        notifications.show({ message: missing(what, text) });
      } else if (what === "person") {
        await navigate({ to: "./people/$id", params: { id } });
      } else {
        await navigate({ to: "./companies/$id", params: { id } });
      }
    } catch (error) {
      notifications.show({ color: "coral", title: "Could not search", message: explain(error) });
    }
  };
}

async function find(client: QueryClient, environment: string, what: Findable, text: string) {
  if (what === "person" && isEmail(text)) {
    return (await take(api.POST("/api/v1/people/search", { body: { email: text } }))).data[0]?.id;
  }
  try {
    const one = await (what === "person"
      ? client.fetchQuery(personQuery(environment, text))
      : client.fetchQuery(companyQuery(environment, text)));
    return one.id;
  } catch (error) {
    if (isProblem(error) && error.status === 404) {
      return undefined;
    }
    throw error;
  }
}

function missing(what: Findable, text: string): string {
  if (what === "company") {
    return `No company has exactly the id “${text}”.`;
  }
  return isEmail(text) ? "Nobody has exactly this e-mail." : `Nobody has exactly the id “${text}”.`;
}
