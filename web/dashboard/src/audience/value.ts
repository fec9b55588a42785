/**
 * Values as people type them. A text that is a number does not equal the number, so the type matters: `12` is a number,
 * `"12"` a text, `true` and `false` are yes and no, all else is text.
 */
import type { Operator } from "./words";

export type ValueShape = "none" | "one" | "number" | "list" | "range" | "time" | "text";

const SHAPES: Partial<Record<Operator, ValueShape>> = {
  is_set: "none",
  is_not_set: "none",
  in: "list",
  not_in: "list",
  between: "range",
  gt: "number",
  gte: "number",
  lt: "number",
  lte: "number",
  before: "time",
  after: "time",
  contains: "text",
  not_contains: "text",
  starts_with: "text",
  ends_with: "text",
  matches: "text",
};

export function shapeOf(op: Operator): ValueShape {
  return SHAPES[op] ?? "one";
}

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?$/;

export function parseValue(text: string): string | number | boolean {
  const trimmed = text.trim();
  if (/^".*"$/s.test(trimmed)) {
    return trimmed.slice(1, -1);
  }
  if (trimmed === "true" || trimmed === "false") {
    return trimmed === "true";
  }
  return NUMBER.test(trimmed) && Number.isSafeInteger(Math.trunc(Number(trimmed))) ? Number(trimmed) : text;
}

export function formatValue(value: unknown): string {
  if (value === undefined || value === null) {
    return "";
  }
  return typeof value === "string" && parseValue(value) !== value ? `"${value}"` : String(value);
}

/** The value that stays sensible when the operator changes: kept where it fits, begun anew where it does not. */
export function valueFor(op: Operator, before: unknown): unknown {
  const one = Array.isArray(before) ? before[0] : before;
  switch (shapeOf(op)) {
    case "none":
      return undefined;
    case "list":
      return Array.isArray(before) ? before : before === undefined || before === "" ? [] : [before];
    case "range":
      return Array.isArray(before) && before.length === 2 ? before : [numberOr(one, 0), numberOr(one, 0)];
    case "number":
      return numberOr(one, 0);
    case "text":
      return one === undefined || one === null ? "" : String(one);
    case "time":
      return typeof one === "string" && one ? one : "-30d";
    case "one":
      return one ?? "";
  }
}

const numberOr = (value: unknown, otherwise: number) => (typeof value === "number" ? value : otherwise);
