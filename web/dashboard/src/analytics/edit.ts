/**
 * What a member has changed of a saved question and not saved yet. It knows which version it was made of, so that a colleague's change
 * since then is not written over unseen.
 */
import { hashKey } from "@tanstack/react-query";
import type { MarkedReport, Report } from "./reports";

type Shown = Pick<Report, "question" | "chart">;

export type Edit = Shown & {
  /** The ETag of what was changed; null of what was never saved. */
  of: string | null;
};

/** What was sent to be saved: an edit, or, without one, another name only. */
export type Sent = { edit?: Edit | undefined; of: string | null };

const isSame = (one: Shown, other: Shown) =>
  one.chart === other.chart && hashKey([one.question]) === hashKey([other.question]);

export const isChanged = (report: Report, edit: Edit | undefined) => edit !== undefined && !isSame(report, edit);

/** With another change; what is as it was is no edit. */
export function edited(report: MarkedReport, edit: Edit | undefined, change: Partial<Shown>): Edit | undefined {
  const before = edit ?? { question: report.question, chart: report.chart, of: report.etag };
  const next = { ...before, ...change };
  return next.of === report.etag && isSame(report, next) ? undefined : next;
}

/** What is left to be saved: nothing, or what was changed meanwhile. */
export function afterSave(edit: Edit | undefined, sent: Sent, saved: MarkedReport): Edit | undefined {
  if (edit === undefined || edit === sent.edit) {
    return undefined;
  }
  return edit.of === sent.of ? { ...edit, of: saved.etag } : edit;
}

/** Once the member was told of a colleague's version, the edit is one of that. */
export const afterConflict = (edit: Edit | undefined, theirs: MarkedReport): Edit | undefined =>
  edit && { ...edit, of: theirs.etag };
