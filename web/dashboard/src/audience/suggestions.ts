/** Names and values that this environment really uses, from what was heard lately: nobody should have to remember spellings. */
import { useQuery } from "@tanstack/react-query";
import { latestCompaniesQuery } from "../companies/companies";
import { useEnvironmentId } from "../frame/place";
import { eventCountsQuery, eventNames } from "../home/events";
import { latestPeopleQuery } from "../people/people";
import { FIXED_NAMES, type Subject } from "./fields";
import { namesOf, type Seen, valuesOf } from "./seen";

export type Suggestions = {
  names: (subject: Subject) => string[];
  values: (subject: Subject, name: string) => string[];
  events: string[];
};

export function useSuggestions(): Suggestions {
  const environment = useEnvironmentId();
  const people = useQuery(latestPeopleQuery(environment));
  const companies = useQuery(latestCompaniesQuery(environment));
  const counts = useQuery({ ...eventCountsQuery(environment), staleTime: 60_000, refetchInterval: false });
  const seen: Partial<Record<Subject, Seen[]>> = {
    person: people.data?.data ?? [],
    company: companies.data?.data ?? [],
  };
  return {
    names: (subject) => FIXED_NAMES[subject] ?? namesOf(seen[subject] ?? []),
    values: (subject, name) => valuesOf(seen[subject] ?? [], name),
    events: eventNames(counts.data?.data ?? []).filter((name) => !name.startsWith("$")),
  };
}
