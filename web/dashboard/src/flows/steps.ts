/** The kinds of step, and going from one to the other without losing what fits both. */
import type { Schema } from "../api/client";

export type Step = Schema["Step"];
export type StepButton = Schema["Button"];
export type StepKind = Step["kind"];
export type Tooltip = Extract<Step, { kind: "tooltip" }>;

export const STEP_KINDS: Record<StepKind, string> = { modal: "In the middle", tooltip: "At an element" };

export function stepOf(kind: StepKind, id: string, before?: Step): Step {
  const base = {
    id,
    title: before?.title ?? "",
    body: before?.body ?? "",
    where: before?.where ?? null,
    buttons: before?.buttons ?? [{ text: "Next", action: "next" as const }],
  };
  return kind === "modal"
    ? { ...base, kind }
    : { ...base, kind, target: { selector: "" }, placement: "auto", advance: "button" };
}

export const ACTIONS: Record<StepButton["action"], string> = {
  next: "goes on",
  back: "goes back",
  dismiss: "closes",
  link: "opens a page",
};

/** The same button with another action; only a link has an address. */
export function buttonOf(action: StepButton["action"], text: string): StepButton {
  return action === "link" ? { text, action, url: "/" } : { text, action };
}
