/**
 * Questions as the screens write them: in the wire's shape, so that what is asked, saved and shown is one thing. A question that is
 * begun has gaps; `isComplete` says whether it can be asked.
 */
import type { Schema } from "../api/client";

export type Question = Schema["AnalyticsQuestion"];
export type Kind = Question["kind"];
export type Of<K extends Kind> = Extract<Question, { kind: K }>;
export type Series = Schema["QuestionSeries"];
export type Step = Schema["QuestionStep"];
export type Condition = Schema["QuestionFilter"];
export type Range = Schema["QuestionRange"];
export type Breakdown = Schema["QuestionBreakdown"];
export type Measure = Schema["Measure"];
export type Interval = Schema["Interval"];

export const KINDS: Record<Kind, { label: string; sentence: string }> = {
  trend: {
    label: "Trend",
    sentence: "How often something happens, by how many people, or how much it adds up to, over time.",
  },
  funnel: { label: "Funnel", sentence: "How many go all the way through some steps, and where the others stop." },
  retention: { label: "Retention", sentence: "How many of those who began come back, interval by interval." },
};

export const MEASURES: Record<Measure, string> = {
  total: "Events",
  people: "People",
  companies: "Companies",
  per_person: "Events per person",
  sum: "Sum of",
  average: "Average of",
  min: "Smallest",
  max: "Largest",
  median: "Median of",
  p90: "90th percentile of",
  p99: "99th percentile of",
};

const COUNTING: Measure[] = ["total", "people", "companies", "per_person"];

/** Whether a measure is of a property's values. */
export const hasProperty = (measure: Measure) => !COUNTING.includes(measure);

const MONTH: Range = { last: "30d" };

export function begin(kind: Kind): Question {
  switch (kind) {
    case "trend":
      return { kind, range: MONTH, interval: "day", series: [{ event: "", measure: "total" }], breakdown: null };
    case "funnel":
      return { kind, range: MONTH, steps: [{ event: "" }, { event: "" }], window: "7d", breakdown: null };
    case "retention":
      return {
        kind,
        range: { last: "12w" },
        interval: "week",
        start: { event: "" },
        return: { event: "" },
        periods: 12,
      };
  }
}

/** Whether every event, property and condition is named. */
export function isComplete(question: Question): boolean {
  switch (question.kind) {
    case "trend":
      return (
        question.series.every(
          (one) => isNamed(one) && (!hasProperty(one.measure ?? "total") || Boolean(one.property)),
        ) && isSplit(question.breakdown)
      );
    case "funnel":
      return [...question.steps, ...(question.exclude ?? [])].every(isNamed) && isSplit(question.breakdown);
    case "retention":
      return isNamed(question.start) && isNamed(question.return);
  }
}

const isNamed = ({ event, filters }: Step) => event.trim() !== "" && (filters ?? []).every(isWritten);
const isSplit = (breakdown: Breakdown | null | undefined) => !breakdown?.field.endsWith(".");

function isWritten(condition: Condition): boolean {
  if ("event" in condition) {
    return condition.event.trim() !== "";
  }
  const { field, op, value } = condition;
  const isEmpty = value === "" || (Array.isArray(value) && value.length === 0);
  return !field.endsWith(".") && (op === "is_set" || op === "is_not_set" || !isEmpty);
}

/** What it is about, in a few words: a name for whoever has not given one. */
export function title(question: Question): string {
  switch (question.kind) {
    case "trend":
      return question.series.map((one) => (one.event ? seriesName(one) : "…")).join(" · ");
    case "funnel":
      return question.steps.map((one) => one.event || "…").join(" → ");
    case "retention":
      return `${question.start.event || "…"}, then ${question.return.event || "…"}`;
  }
}

/** A series as a legend names it. */
export function seriesName({ event, measure = "total", property }: Series): string {
  if (measure === "total") {
    return event;
  }
  return hasProperty(measure)
    ? `${MEASURES[measure]} ${property ?? "…"}, ${event}`
    : `${event}, ${MEASURES[measure].toLowerCase()}`;
}
