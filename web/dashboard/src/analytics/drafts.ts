/**
 * Questions that were not saved, for as long as the tab is open. What a member types into a condition may tell about a person, so
 * it goes into no address, and nowhere where the browser would keep it.
 */
import type { Question } from "./question";

const drafts = new Map<string, Question>();

export const draftOf = (environment: string, key: string) => drafts.get(`${environment} ${key}`);

export function keepDraft(environment: string, key: string, question: Question | undefined): void {
  if (question) {
    drafts.set(`${environment} ${key}`, question);
  } else {
    drafts.delete(`${environment} ${key}`);
  }
}
