/**
 * What dashboard and preview frame say to each other. The frame is sandboxed with an opaque origin: origins cannot be
 * compared, so each side checks that the message comes from the one window that it knows.
 */
import type { Schema } from "../api/client";

export type PreviewState = {
  kind: "survey" | "flow";
  definition: Schema["SurveyDefinition"] | Schema["FlowDefinition"];
  theme: Schema["Theme"];
  step: number;
  locale: string;
};

export type ToFrame = { pilotfish: "preview"; state: PreviewState };
export type FromFrame =
  | { pilotfish: "ready" }
  | { pilotfish: "step"; step: number }
  | { pilotfish: "failed"; text: string };

export function isToFrame(data: unknown): data is ToFrame {
  return typeof data === "object" && data !== null && "pilotfish" in data && data.pilotfish === "preview";
}

export function isFromFrame(data: unknown): data is FromFrame {
  return (
    typeof data === "object" &&
    data !== null &&
    "pilotfish" in data &&
    typeof data.pilotfish === "string" &&
    ["ready", "step", "failed"].includes(data.pilotfish)
  );
}
