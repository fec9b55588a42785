import type { Schema } from "../src/api/types";

type Trace = Schema["Trace"];

const filter = (
  field: string,
  op: Schema["Operator"],
  expected: unknown,
  actual: unknown,
  outcome: Trace["outcome"],
): Trace => ({
  kind: "filter",
  field,
  op,
  expected,
  fact: "value",
  actual,
  outcome,
});

/** Different answers, so that every look of the trace can be seen. */
export function why(content: string): Schema["Why"] {
  if (content === "srv_nps") {
    const sealed: Trace = {
      kind: "filter",
      field: "person.email",
      op: "ends_with",
      fact: "personal",
      outcome: "unknown",
    };
    const did: Trace = {
      kind: "event",
      event: "Customer Added",
      count: { op: "gte", value: 3 },
      within: "30d",
      actual: 1,
      outcome: "false",
    };
    const any: Trace = {
      kind: "any",
      outcome: "unknown",
      parts: [filter("company.size", "gte", 10, 6, "false"), did, sealed],
    };
    const all: Trace = {
      kind: "all",
      outcome: "false",
      parts: [
        filter("person.plan", "in", ["team", "business"], "team", "true"),
        filter("person.role", "is_not", "accountant", "accountant", "false"),
        any,
      ],
    };
    return {
      shown: false,
      reason: "audience",
      trace: {
        kind: "content",
        outcome: "false",
        parts: [
          { kind: "status", status: "live", outcome: "true" },
          {
            kind: "frequency",
            frequency: { kind: "recontact", days: 90 },
            shown_at: "2026-05-02T10:00:00Z",
            outcome: "true",
          },
          { kind: "audience", outcome: "false", parts: [all] },
          { kind: "trigger", on: "event", event: "Invoice Sent", outcome: "true" },
        ],
      },
    };
  }
  if (content === "flw_welcome") {
    const page: Trace = {
      kind: "filter",
      field: "page.path",
      op: "starts_with",
      expected: "/invoices",
      fact: "unknown",
      outcome: "unknown",
      decided: "browser",
    };
    return {
      shown: true,
      reason: "in_browser",
      trace: {
        kind: "content",
        outcome: "unknown",
        decided: "browser",
        parts: [
          { kind: "status", status: "live", outcome: "true" },
          { kind: "frequency", frequency: { kind: "once" }, outcome: "true" },
          { kind: "audience", outcome: "true", parts: [filter("person.invoices_sent", "lt", 1, 0, "true")] },
          { kind: "trigger", on: "page", outcome: "unknown", decided: "browser", parts: [page] },
        ],
      },
    };
  }
  const status = content === "srv_reports" ? "paused" : "draft";
  return {
    shown: false,
    reason: status,
    trace: { kind: "content", outcome: "false", parts: [{ kind: "status", status, outcome: "false" }] },
  };
}
