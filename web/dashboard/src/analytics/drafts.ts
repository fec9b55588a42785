/**
 * Questions that were not saved, for as long as the tab is open and its member is signed in. What a member types into a condition may
 * tell about a person, so it goes into no address, and nowhere where the browser would keep it.
 */
import type { Edit } from "./edit";

const drafts = new Map<string, Edit>();

export const draftOf = (environment: string, key: string) => drafts.get(`${environment} ${key}`);

export function keepDraft(environment: string, key: string, edit: Edit | undefined): void {
  if (edit) {
    drafts.set(`${environment} ${key}`, edit);
  } else {
    drafts.delete(`${environment} ${key}`);
  }
}

export const clearDrafts = () => drafts.clear();
