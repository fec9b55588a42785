/** What a question can be about, by the names that this environment really has. Personal ones are left out: nothing can be asked of them. */
import { useQuery } from "@tanstack/react-query";
import type { Subject } from "../audience/fields";
import { FIXED_NAMES } from "../audience/fields";
import { type Suggestions, useSuggestions } from "../audience/suggestions";
import { useEnvironmentId } from "../frame/place";
import { namesQuery } from "./answer";

export const QUESTION_SUBJECTS: Subject[] = ["event", "person", "company", "page", "device"];

export function useQuestionSuggestions(): Suggestions {
  const heard = useSuggestions();
  const names = useQuery(namesQuery(useEnvironmentId())).data;
  const plain = (all: { name: string; personal: boolean }[] = []) =>
    all.filter((one) => !one.personal).map((one) => one.name);
  const own: Partial<Record<Subject, string[]>> = {
    event: plain(names?.properties),
    person: plain(names?.person),
    company: plain(names?.company),
    page: ["path"],
    device: FIXED_NAMES.device ?? [],
  };
  return {
    names: (subject) => own[subject] ?? [],
    values: heard.values,
    events: [...new Set([...heard.events, ...(names?.events ?? [])])],
  };
}
