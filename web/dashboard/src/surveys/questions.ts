/** The kinds of question, and going from one to another without losing what fits both. */
import { IconAlignLeft, IconCircleDot, IconGauge, IconSquareCheck, type TablerIcon } from "@tabler/icons-react";
import type { Schema } from "../api/client";

export type Question = Schema["Question"];
export type QuestionKind = Question["kind"];

export const QUESTION_KINDS: Record<QuestionKind, { label: string; icon: TablerIcon }> = {
  nps: { label: "NPS, 0 to 10", icon: IconGauge },
  single_choice: { label: "One of several", icon: IconCircleDot },
  multiple_choice: { label: "Several of several", icon: IconSquareCheck },
  open_text: { label: "Own words", icon: IconAlignLeft },
};

const CHOICES: Schema["Choice"][] = [
  { id: "c1", text: "Yes" },
  { id: "c2", text: "No" },
];

/** A question of this kind; of the former one it keeps id, text and, between the two kinds of choice, the choices. */
export function questionOf(kind: QuestionKind, id: string, before?: Question): Question {
  const base = { id, text: before?.text ?? "", required: before?.required ?? false };
  if (kind === "nps") {
    return { ...base, kind, low: "Not at all likely", high: "Extremely likely" };
  }
  if (kind === "open_text") {
    return { ...base, kind, placeholder: "" };
  }
  return { ...base, kind, choices: before && "choices" in before ? before.choices : CHOICES };
}
