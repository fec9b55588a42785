import type { components } from "../src/api/schema";

type Schema = components["schemas"];

/** Four different answers, so that every look of the trace can be seen. */
export function why(content: string): Schema["Why"] {
  if (content === "srv_nps") {
    return {
      shown: false,
      reason: "audience",
      trace: {
        rule: { all: [] },
        result: "false",
        children: [
          { rule: { field: "person.plan", op: "in", value: ["team", "business"] }, result: "true", observed: "team" },
          {
            rule: { field: "person.role", op: "is_not", value: "accountant" },
            result: "false",
            observed: "accountant",
          },
          {
            rule: { any: [] },
            result: "unknown",
            children: [
              { rule: { field: "company.size", op: "gte", value: 10 }, result: "false", observed: 6 },
              {
                rule: { field: "person.email", op: "ends_with", value: "@example.com" },
                result: "unknown",
                reason: "outcome_not_computed",
              },
            ],
          },
        ],
      },
    };
  }
  if (content.startsWith("flw")) {
    return {
      shown: true,
      reason: "shown",
      trace: {
        rule: { all: [] },
        result: "true",
        children: [{ rule: { field: "person.invoices_sent", op: "lt", value: 1 }, result: "true", observed: 0 }],
      },
    };
  }
  return { shown: false, reason: "paused", trace: null };
}
