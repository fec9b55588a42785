/** What a condition can look at, in two steps: the subject, then its name. */
export type Subject = "event" | "person" | "company" | "page" | "device" | "locale";

export const SUBJECTS: Record<Subject, string> = {
  event: "Event’s",
  person: "Person’s",
  company: "Company’s",
  page: "Page’s",
  device: "Device’s",
  locale: "Language",
};

/** Everything, for an audience; only what the browser knows, for a page condition. */
export const AUDIENCE_SUBJECTS: Subject[] = ["person", "company", "page", "device", "locale"];
export const PAGE_SUBJECTS: Subject[] = ["page", "locale"];

/** Names that are fixed. A page's parameter is `query.` and its name. */
export const FIXED_NAMES: Partial<Record<Subject, string[]>> = {
  page: ["path", "url", "host", "query.ref"],
  device: ["kind", "browser"],
};

export function split(field: string): { subject: Subject; name: string } {
  const [first = "", ...rest] = field.split(".");
  return first in SUBJECTS ? { subject: first as Subject, name: rest.join(".") } : { subject: "person", name: field };
}

export function join(subject: Subject, name: string): string {
  return subject === "locale" ? "locale" : `${subject}.${name}`;
}

/** What a new condition on this subject begins with. */
export function firstName(subject: Subject): string {
  return FIXED_NAMES[subject]?.[0] ?? "";
}
