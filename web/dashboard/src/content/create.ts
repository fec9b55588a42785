/** Making something new: a whole, publishable example that the editor opens on. */
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { Schema } from "../api/client";
import { explain } from "../api/problem";
import { PLACE } from "../frame/links";
import { useEnvironmentId } from "../frame/place";
import { contentKeys, createContent, type Kind } from "./content";

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

export function newSurvey(): Schema["SurveyDefinition"] {
  return {
    audience: null,
    trigger: { kind: "page", where: null },
    frequency: { kind: "once" },
    theme: null,
    questions: [
      {
        id: "q1",
        kind: "nps",
        text: "How likely are you to recommend us to a friend or colleague?",
        required: true,
        low: "Not at all likely",
        high: "Extremely likely",
      },
      {
        id: "q2",
        kind: "open_text",
        text: "What is the main reason for your score?",
        required: false,
        placeholder: "",
      },
    ],
    closing: { title: "Thank you", body: "" },
    position: "bottom_right",
  };
}

export function newFlow(): Schema["FlowDefinition"] {
  return {
    audience: null,
    trigger: { kind: "page", where: null },
    frequency: { kind: "once" },
    theme: null,
    steps: [
      {
        id: "s1",
        kind: "modal",
        title: "Welcome",
        body: "A short look around: two steps, less than a minute.",
        where: null,
        buttons: [
          { text: "Show me", action: "next" },
          { text: "Skip", action: "dismiss" },
        ],
      },
    ],
  };
}
