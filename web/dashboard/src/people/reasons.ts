/** Why something was or was not shown, in one sentence. */
import type { Schema } from "../api/client";

const REASONS: Record<Schema["Why"]["reason"], string> = {
  eligible: "It may be shown: nothing speaks against it.",
  in_browser: "It was handed to the browser, which shows it when the page fits.",
  draft: "Not shown: it was never published.",
  paused: "Not shown: it is paused.",
  frequency: "Not shown again: it appears once, and that was already.",
  recontact: "Not shown yet: the last time was too short ago.",
  audience: "Not shown: this person is not in its audience.",
  audience_unknown: "Not shown: something about this person has not been worked out yet.",
  trigger: "Not shown: what makes it appear has not happened.",
};

export function reasonWords(reason: Schema["Why"]["reason"]): string {
  return REASONS[reason];
}
