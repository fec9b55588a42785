/** Making something new: a whole, publishable example that the editor opens on. */
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { explain } from "../api/problem";
import { PLACE } from "../frame/links";
import { useEnvironmentId } from "../frame/place";
import { contentKeys, createContent, type Kind } from "./content";
import { newFlow, newSurvey } from "./example";

export function useCreateContent() {
  const environment = useEnvironmentId();
  const client = useQueryClient();
  const navigate = useNavigate({ from: PLACE });
  return useMutation({
    mutationFn: (kind: Kind) =>
      kind === "survey"
        ? createContent("survey", "New survey", newSurvey())
        : createContent("flow", "New flow", newFlow()),
    onSuccess: async (content) => {
      client.setQueryData(contentKeys.one(environment, content.kind, content.id), content);
      await navigate(
        content.kind === "survey"
          ? { to: "./content/surveys/$id", params: { id: content.id } }
          : { to: "./content/flows/$id", params: { id: content.id } },
      );
      await client.invalidateQueries({ queryKey: [...contentKeys.all(environment), "list"] });
    },
    onError: (error) => notifications.show({ color: "coral", title: "Not created", message: explain(error) }),
  });
}
