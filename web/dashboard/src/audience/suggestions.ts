/** Names that this environment really uses, from what was heard lately: nobody should have to remember spellings. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { companiesQuery } from "../companies/companies";
import { useEnvironmentId } from "../frame/place";
import { eventCountsQuery, eventNames } from "../home/events";
import { peopleQuery } from "../people/people";
import { FIXED_NAMES, type Subject } from "./fields";

export type Suggestions = { names: (subject: Subject) => string[]; events: string[] };

export function useSuggestions(): Suggestions {
  const environment = useEnvironmentId();
  const calm = { staleTime: 60_000, refetchInterval: false } as const;
  const people = useInfiniteQuery({ ...peopleQuery(environment, ""), ...calm });
  const companies = useInfiniteQuery({ ...companiesQuery(environment, ""), ...calm });
  const counts = useQuery({ ...eventCountsQuery(environment), ...calm });
  const person = namesOf(people.data?.pages[0]?.data);
  const company = namesOf(companies.data?.pages[0]?.data);
  return {
    names: (subject) => FIXED_NAMES[subject] ?? (subject === "person" ? person : subject === "company" ? company : []),
    events: eventNames(counts.data?.data ?? []).filter((name) => !name.startsWith("$")),
  };
}

function namesOf(all: { attributes: Record<string, unknown>; personal: string[] }[] | undefined): string[] {
  return [...new Set((all ?? []).flatMap((one) => [...Object.keys(one.attributes), ...one.personal]))].sort();
}
