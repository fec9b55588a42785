/** Rules in plain words, for summaries and for the answer to "why didn't it show?". */
import type { Schema } from "../api/client";

export type Rule = Schema["Rule"];
export type Filter = Schema["Filter"];
export type Did = Schema["Did"];
export type Operator = Schema["Operator"];

export const OPERATORS: Record<Operator, string> = {
  is: "is",
  is_not: "is not",
  contains: "contains",
  not_contains: "does not contain",
  starts_with: "starts with",
  ends_with: "ends with",
  matches: "matches",
  gt: "is more than",
  gte: "is at least",
  lt: "is less than",
  lte: "is at most",
  between: "is between",
  is_set: "has a value",
  is_not_set: "has no value",
  in: "is any of",
  not_in: "is none of",
  before: "is before",
  after: "is after",
};

const COUNTS: Record<string, string> = {
  gte: "at least",
  gt: "more than",
  lte: "at most",
  lt: "fewer than",
  is: "exactly",
};

/** `person.plan` is `plan`, `company.size` is `company’s size`, `page.query.ref` is `page’s ref parameter`. */
export function fieldWords(field: string): string {
  const [subject = "", ...rest] = field.split(".");
  const name = rest.join(".");
  if (subject === "company") {
    return `company’s ${name}`;
  }
  if (subject === "page") {
    return name.startsWith("query.") ? `page’s ${name.slice("query.".length)} parameter` : `page’s ${name}`;
  }
  if (field === "locale") {
    return "language";
  }
  return subject === "device" ? `device’s ${name}` : name || field;
}

export function valueWords(value: unknown): string {
  if (Array.isArray(value)) {
    return value.map(valueWords).join(", ");
  }
  return typeof value === "string" ? `“${value}”` : value === null || value === undefined ? "nothing" : String(value);
}

export function filterWords({ field, op, value }: { field: string; op: Operator; value?: unknown }): string {
  const words = `${fieldWords(field)} ${OPERATORS[op]}`;
  if (op === "is_set" || op === "is_not_set" || value === undefined) {
    return words;
  }
  if (op === "between" && Array.isArray(value)) {
    return `${words} ${valueWords(value[0])} and ${valueWords(value[1])}`;
  }
  return `${words} ${valueWords(value)}`;
}

export function didWords({
  event,
  filters,
  count,
  within,
}: Pick<Did, "event" | "filters" | "within"> & { count?: { op: string; value: number } }): string {
  const { op, value } = count ?? { op: "gte", value: 1 };
  const often = op === "gte" && value === 1 ? "" : ` ${COUNTS[op] ?? op} ${value} ${value === 1 ? "time" : "times"}`;
  const where = filters?.length ? ` where ${filters.map(filterWords).join(" and ")}` : "";
  return `did “${event}”${often}${where}${within ? ` in the last ${spanWords(within)}` : ""}`;
}

/** `30d` is `30 days`. */
export function spanWords(span: string): string {
  const match = /^(\d+)([hdw])$/.exec(span);
  const unit = match ? { h: "hour", d: "day", w: "week" }[match[2] as "h" | "d" | "w"] : undefined;
  return match && unit ? `${match[1]} ${unit}${match[1] === "1" ? "" : "s"}` : span;
}

/** One line about who is meant. */
export function ruleWords(rule: Rule | null): string {
  if (rule === null) {
    return "everybody";
  }
  if ("all" in rule) {
    return rule.all.length === 0 ? "everybody" : rule.all.map(part).join(" and ");
  }
  if ("any" in rule) {
    return rule.any.length === 0 ? "nobody" : rule.any.map(part).join(" or ");
  }
  if ("not" in rule) {
    return `not ${part(rule.not)}`;
  }
  return "field" in rule ? filterWords(rule) : didWords(rule);
}

function part(rule: Rule): string {
  return ("all" in rule && rule.all.length > 1) || ("any" in rule && rule.any.length > 1)
    ? `(${ruleWords(rule)})`
    : ruleWords(rule);
}
