/**
 * What can be told without the server, as problems in its own shape. The server checks everything again and knows
 * more: this only saves the wait.
 */
import type { Schema } from "../api/client";
import type { FieldError } from "../api/problem";
import { shapeOf } from "../audience/value";
import type { Filter, Rule } from "../audience/words";
import type { Kind } from "./content";

type Common = Schema["Common"];
type Survey = Schema["SurveyDefinition"];
type Flow = Schema["FlowDefinition"];

export function validate(kind: Kind, name: string, definition: Survey | Flow): FieldError[] {
  return [
    ...(name.trim() ? [] : [{ pointer: "/name", detail: "Give it a name" }]),
    ...(kind === "survey" ? surveyProblems(definition as Survey) : flowProblems(definition as Flow)),
    ...commonProblems(definition),
  ];
}

function surveyProblems({ questions, closing }: Survey): FieldError[] {
  return [
    ...(questions.length === 0 ? [{ pointer: "/questions", detail: "Add a question" }] : []),
    ...questions.flatMap((question, index) => questionProblems(question, `/questions/${index}`)),
    ...(closing && !closing.title.trim()
      ? [{ pointer: "/closing/title", detail: "Write a title, or leave the closing out" }]
      : []),
  ];
}

function questionProblems(question: Schema["Question"], at: string): FieldError[] {
  const problems: FieldError[] = question.text.trim() ? [] : [{ pointer: `${at}/text`, detail: "Write the question" }];
  if (question.kind === "single_choice" || question.kind === "multiple_choice") {
    if (question.choices.length < 2) {
      problems.push({ pointer: `${at}/choices`, detail: "Give at least two answers to choose from" });
    }
    const seen = new Set<string>();
    question.choices.forEach(({ text }, index) => {
      const label = text.trim();
      if (!label) {
        problems.push({ pointer: `${at}/choices/${index}/text`, detail: "Write the answer" });
      } else if (seen.has(label)) {
        problems.push({ pointer: `${at}/choices/${index}/text`, detail: "This answer is there already" });
      }
      seen.add(label);
    });
  }
  return problems;
}

function flowProblems({ steps }: Flow): FieldError[] {
  return [
    ...(steps.length === 0 ? [{ pointer: "/steps", detail: "Add a step" }] : []),
    ...steps.flatMap((step, index) => stepProblems(step, `/steps/${index}`)),
  ];
}

function stepProblems(step: Schema["Step"], at: string): FieldError[] {
  const problems: FieldError[] = [];
  if (!step.title.trim() && !step.body.trim()) {
    problems.push({ pointer: `${at}/title`, detail: "Write a title or a text" });
  }
  if (step.kind === "tooltip") {
    const { selector } = step.target;
    if (!selector.trim()) {
      problems.push({ pointer: `${at}/target/selector`, detail: "Name the element that it points at" });
    } else if (!isSelector(selector)) {
      problems.push({ pointer: `${at}/target/selector`, detail: "This is not a CSS selector" });
    }
  }
  const waits = step.kind === "tooltip" && step.advance === "target_click";
  if (step.buttons.length === 0 && !waits) {
    problems.push({ pointer: `${at}/buttons`, detail: "Add a button: without one nobody gets further" });
  }
  step.buttons.forEach((button, index) => {
    if (!button.text.trim()) {
      problems.push({ pointer: `${at}/buttons/${index}/text`, detail: "Write on the button what it does" });
    }
    if (button.action === "link" && !isLink(button.url ?? "")) {
      problems.push({
        pointer: `${at}/buttons/${index}/url`,
        detail: "Give a path such as /invoices, or an https address",
      });
    }
  });
  return [...problems, ...ruleProblems(step.where, `${at}/where`)];
}

function commonProblems({ audience, trigger, frequency, theme }: Common): FieldError[] {
  const problems = ruleProblems(audience, "/audience");
  if (trigger.kind === "event" && !trigger.event.trim()) {
    problems.push({ pointer: "/trigger/event", detail: "Name the event" });
  }
  if (trigger.kind === "page") {
    problems.push(...ruleProblems(trigger.where, "/trigger/where"));
  }
  if (frequency.kind === "recontact" && !(Number.isInteger(frequency.days) && frequency.days >= 1)) {
    problems.push({ pointer: "/frequency/days", detail: "Give a whole number of days" });
  }
  for (const part of ["accent", "background", "text"] as const) {
    const colour = theme?.[part];
    if (colour && !/^#([0-9a-f]{3}|[0-9a-f]{4}|[0-9a-f]{6}|[0-9a-f]{8})$/i.test(colour)) {
      problems.push({ pointer: `/theme/${part}`, detail: "Give a colour such as #0E7490" });
    }
  }
  return problems;
}

export function ruleProblems(rule: Rule | null, at: string): FieldError[] {
  if (rule === null) {
    return [];
  }
  if ("all" in rule || "any" in rule) {
    const key = "all" in rule ? "all" : "any";
    const parts = "all" in rule ? rule.all : rule.any;
    return parts.flatMap((part, index) => ruleProblems(part, `${at}/${key}/${index}`));
  }
  if ("not" in rule) {
    return ruleProblems(rule.not, `${at}/not`);
  }
  if ("field" in rule) {
    return filterProblems(rule, at);
  }
  const problems = (rule.filters ?? []).flatMap((filter, index) => filterProblems(filter, `${at}/filters/${index}`));
  return rule.event.trim() ? problems : [{ pointer: `${at}/event`, detail: "Name the event" }, ...problems];
}

function filterProblems({ field, op, value }: Filter, at: string): FieldError[] {
  if (/\.$/.test(field) || field === "") {
    return [{ pointer: `${at}/field`, detail: "Name the attribute" }];
  }
  const problem = (detail: string) => [{ pointer: `${at}/value`, detail }];
  switch (shapeOf(op)) {
    case "none":
      return [];
    case "list":
      return Array.isArray(value) && value.length > 0 ? [] : problem("Give at least one value");
    case "range":
      return Array.isArray(value) && Number(value[0]) <= Number(value[1]) ? [] : problem("From must not be above to");
    case "time":
      return isMoment(value) ? [] : problem("Give a date such as 2026-10-01, or days from now such as -30d");
    default:
      return value === "" || value === undefined || value === null ? problem("Give a value") : [];
  }
}

function isMoment(value: unknown): boolean {
  return typeof value === "string" && (/^[+-]\d+[dhw]$/.test(value) || !Number.isNaN(Date.parse(value)));
}

function isLink(url: string): boolean {
  return /^\/(?!\/)/.test(url) || /^https:\/\/[^\s/]+/.test(url);
}

function isSelector(selector: string): boolean {
  if (typeof document === "undefined") {
    return true;
  }
  try {
    document.createDocumentFragment().querySelector(selector);
    return true;
  } catch {
    return false;
  }
}
