import { describe, expect, it } from "vitest";
import { assign, fieldsOf, normalise } from "./problems";

const definition = {
  audience: { all: [{ field: "person.plan", op: "is", value: "team" }] },
  questions: [{ id: "q1", text: "", choices: [{ id: "a", text: "" }] }],
};
const fields = fieldsOf(definition);

describe("normalise", () => {
  it.each([
    ["/definition/questions/0/text", "/questions/0/text"],
    ["/draft/questions/0", "/questions/0"],
    ["#/definition/audience", "/audience"],
    ["/questions/0/", "/questions/0"],
    ["/definition", ""],
    ["/name", "/name"],
    ["/definitions/x", "/definitions/x"],
  ])("%s is %s", (given, place) => {
    expect(normalise(given)).toBe(place);
  });
});

describe("assign", () => {
  const at = (pointer: string) => [...assign([{ pointer, detail: "no" }], fields).keys()];

  it.each([
    ["/definition/questions/0/text", "/questions/0/text"],
    ["/definition/questions/0/choices/0/text", "/questions/0/choices/0/text"],
    ["/definition/audience/all/0/value", "/audience/all/0/value"],
    ["/definition/questions/0/unknown/deep", "/questions/0"],
    ["/definition/questions/7/text", "/questions"],
    ["/somewhere/else", ""],
  ])("%s belongs to %j", (pointer, field) => {
    expect(at(pointer)).toEqual([field]);
  });

  it("keeps all problems of one place, each once", () => {
    const problem = { pointer: "/definition/questions/0/text", detail: "is empty" };
    const all = assign([problem, problem, { ...problem, detail: "is odd" }], fields);
    expect(all.get("/questions/0/text")).toEqual(["is empty", "is odd"]);
  });

  it("escapes keys as JSON pointers do", () => {
    expect(fieldsOf({ "a/b": { "c~d": 1 } })).toContain("/a~1b/c~0d");
  });
});
