/**
 * Problems at the field that they belong to. The server names the place with a JSON pointer into what it checked; a
 * field shows what points at it or into it and has no field of its own. What fits nowhere is shown above the form.
 */
import { createContext, useContext } from "react";
import type { FieldError } from "../api/problem";

/** Pointers are taken from the request body or the stored object: all mean the same place of the definition. */
export function normalise(pointer: string): string {
  const bare = pointer.replace(/^#/, "").replace(/\/$/, "");
  const inner = bare.replace(/^\/(definition|draft)(?=\/|$)/, "");
  return inner === "/name" && inner === bare ? "/name" : inner;
}

/** For every problem the nearest field: the longest known pointer that is it or leads to it. */
export function assign(errors: FieldError[], fields: readonly string[]): Map<string, string[]> {
  const known = new Set(fields);
  const assigned = new Map<string, string[]>();
  for (const { pointer, detail } of errors) {
    let place = normalise(pointer);
    while (place !== "" && !known.has(place)) {
      place = place.slice(0, place.lastIndexOf("/"));
    }
    const before = assigned.get(place) ?? [];
    if (!before.includes(detail)) {
      assigned.set(place, [...before, detail]);
    }
  }
  return assigned;
}

/** Every pointer at which the forms show a field, read off the definition itself. */
export function fieldsOf(value: unknown, pointer = ""): string[] {
  if (Array.isArray(value)) {
    return [pointer, ...value.flatMap((one, index) => fieldsOf(one, `${pointer}/${index}`))];
  }
  if (typeof value === "object" && value !== null) {
    return [pointer, ...Object.entries(value).flatMap(([key, one]) => fieldsOf(one, `${pointer}/${escaped(key)}`))];
  }
  return [pointer];
}

const escaped = (key: string) => key.replaceAll("~", "~0").replaceAll("/", "~1");

export const ProblemsContext = createContext<Map<string, string[]>>(new Map());

/** What to show at a field, as one text; nothing is `undefined`. */
export function useProblem(pointer: string): string | undefined {
  return words(useContext(ProblemsContext).get(pointer));
}

/** For a row that has no finer fields: what points at it or anywhere below. */
export function useProblemWithin(pointer: string): string | undefined {
  return words(within(useContext(ProblemsContext), pointer));
}

export function useHasProblems(pointers: string[]): boolean {
  const problems = useContext(ProblemsContext);
  return pointers.some((pointer) => within(problems, pointer).length > 0);
}

function within(problems: Map<string, string[]>, pointer: string): string[] {
  return [...problems]
    .filter(([at]) => at === pointer || at.startsWith(`${pointer}/`))
    .flatMap(([, details]) => details);
}

function words(details: string[] | undefined): string | undefined {
  return details && details.length > 0 ? details.map(sentence).join(" ") : undefined;
}

function sentence(detail: string): string {
  return `${detail.charAt(0).toUpperCase()}${detail.slice(1)}${/[.!?]$/.test(detail) ? "" : "."}`;
}
