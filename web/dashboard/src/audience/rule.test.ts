import { describe, expect, it } from "vitest";
import { childPointer, filterNode, fromRule, removeChild, replaceChild, toRule } from "./rule";
import { formatValue, parseValue, shapeOf, valueFor } from "./value";
import { OPERATORS, type Operator, type Rule, ruleWords } from "./words";

const plan: Rule = { field: "person.plan", op: "in", value: ["team", "business"] };
const sent: Rule = {
  event: "Invoice Sent",
  filters: [{ field: "event.amount", op: "gt", value: 100 }],
  count: { op: "gte", value: 3 },
  within: "30d",
};

describe("a rule goes into the builder and comes out the same", () => {
  it.each<[string, Rule]>([
    ["all", { all: [plan, sent] }],
    ["any", { any: [plan] }],
    ["none", { not: { any: [plan, sent] } }],
    ["nested", { all: [plan, { any: [sent, { all: [plan, { not: { any: [sent] } }] }] }] }],
    ["not of one condition, which has no form", { all: [{ not: plan }] }],
    ["not of all", { any: [{ not: { all: [plan, sent] } }] }],
    ["empty any, which is false", { any: [] }],
    ["empty groups inside", { all: [{ any: [] }, { all: [] }] }],
  ])("%s", (_name, rule) => {
    expect(toRule(fromRule(rule))).toEqual(rule);
  });

  it("writes everybody as null", () => {
    expect(toRule(fromRule(null))).toBeNull();
    expect(toRule(fromRule({ all: [] }))).toBeNull();
  });

  it("stands a condition alone in a group of one", () => {
    expect(toRule(fromRule(plan))).toEqual({ all: [plan] });
    expect(toRule(fromRule({ not: plan }))).toEqual({ all: [{ not: plan }] });
  });

  it("does so for generated trees too", () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const rule: Rule = { all: [generated(seed, 4)] };
      expect(toRule(fromRule(rule))).toEqual(rule);
    }
  });
});

it("edits one row and leaves the others", () => {
  const group = fromRule({ all: [plan, sent] });
  const [first, second] = group.children;
  const changed = replaceChild(group, {
    ...filterNode({ field: "locale", op: "is", value: "de" }),
    id: first?.id ?? 0,
  });
  expect(toRule(changed)).toEqual({ all: [{ field: "locale", op: "is", value: "de" }, sent] });
  expect(toRule(removeChild(changed, second?.id ?? 0))).toEqual({ all: [{ field: "locale", op: "is", value: "de" }] });
});

it("points at children as the server does", () => {
  expect(childPointer("/audience", "all", 2)).toBe("/audience/all/2");
  expect(childPointer("/audience/any/0", "none", 1)).toBe("/audience/any/0/not/any/1");
});

describe("values", () => {
  it.each<[string, unknown]>([
    ["team", "team"],
    ["12", 12],
    ["-3.5", -3.5],
    ['"12"', "12"],
    ["true", true],
    ['"true"', "true"],
    ["012", "012"],
    ["1e5", "1e5"],
    ["12345678901234567890", "12345678901234567890"],
  ])("%s is %j, and is written the same", (text, value) => {
    expect(parseValue(text)).toBe(value);
    expect(formatValue(value)).toBe(text);
  });

  it.each(Object.keys(OPERATORS) as Operator[])("%s begins with a value of its shape", (op) => {
    const value = valueFor(op, undefined);
    const shape = shapeOf(op);
    const fits = {
      none: value === undefined,
      list: Array.isArray(value),
      range: Array.isArray(value) && value.length === 2,
      number: typeof value === "number",
      one: typeof value === "string",
      text: typeof value === "string",
      time: typeof value === "string" && value !== "",
    };
    expect(fits[shape]).toBe(true);
  });
});

it("says a rule in plain words", () => {
  expect(ruleWords({ all: [plan, { any: [{ field: "company.size", op: "gte", value: 10 }, sent] }] })).toBe(
    "plan is any of “team”, “business” and (company’s size is at least 10 or did “Invoice Sent” at least 3 times where amount is more than 100 in the last 30 days)",
  );
});

function generated(seed: number, depth: number): Rule {
  const next = (seed * 1103515245 + 12345) % 2147483648;
  const parts = () => Array.from({ length: (next >> 8) % 4 }, (_, index) => generated(next + index * 7919, depth - 1));
  const kinds: (() => Rule)[] =
    depth === 0
      ? [() => plan, () => sent]
      : [
          () => plan,
          () => sent,
          () => ({ all: parts() }),
          () => ({ any: parts() }),
          () => ({ not: { any: parts() } }),
          () => ({ not: plan }),
        ];
  return (kinds[(next >> 4) % kinds.length] ?? (() => plan))();
}
