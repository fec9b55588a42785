import { describe, expect, it } from "vitest";
import { newFlow, newSurvey } from "./example";
import { validate } from "./validate";

const at = (...args: Parameters<typeof validate>) => validate(...args).map((problem) => problem.pointer);

it("finds nothing wrong with what the editors begin with", () => {
  expect(validate("survey", "NPS", newSurvey())).toEqual([]);
  expect(validate("flow", "Welcome", newFlow())).toEqual([]);
});

describe("survey", () => {
  it("wants a name and a question", () => {
    expect(at("survey", " ", { ...newSurvey(), questions: [] })).toEqual(["/name", "/questions"]);
  });

  it("wants choices that differ", () => {
    const choices = [
      { id: "a", text: "Yes" },
      { id: "b", text: " Yes" },
      { id: "c", text: "" },
    ];
    const questions = [{ id: "q", kind: "single_choice" as const, text: "Well?", required: true, choices }];
    expect(at("survey", "n", { ...newSurvey(), questions })).toEqual([
      "/questions/0/choices/1/text",
      "/questions/0/choices/2/text",
    ]);
  });
});

describe("flow", () => {
  it.each(["javascript:alert(1)", "//evil.example", "http://plain.example", ""])("refuses the link %j", (url) => {
    const flow = newFlow();
    const step = { ...flow.steps[0], kind: "modal", buttons: [{ text: "Go", action: "link", url }] };
    expect(at("flow", "n", { ...flow, steps: [step as (typeof flow.steps)[0]] })).toEqual(["/steps/0/buttons/0/url"]);
  });
});

it("points into the audience as the server does", () => {
  const audience = { all: [{ not: { any: [{ field: "person.", op: "is" as const, value: "x" }, { event: "" }] } }] };
  expect(at("survey", "n", { ...newSurvey(), audience })).toEqual([
    "/audience/all/0/not/any/0/field",
    "/audience/all/0/not/any/1/event",
  ]);
});
