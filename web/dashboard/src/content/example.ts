/** What the editors begin with: whole and publishable, so that nobody starts at an empty form. */
import type { Schema } from "../api/client";

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
