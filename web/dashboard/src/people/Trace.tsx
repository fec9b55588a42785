/** The evaluation as a tree: each condition with what came of it and what was seen. */
import { IconCircleCheck, IconCircleX, IconHelpCircle } from "@tabler/icons-react";
import type { Schema } from "../api/client";
import { didWords, filterWords, valueWords } from "../audience/words";
import { Shield } from "../personal/Personal";
import { absolute } from "../time/format";
import classes from "./People.module.css";

type Trace = Schema["Trace"];

export function TraceTree({ trace }: { trace: Trace }) {
  const nodes = trace.kind === "content" ? (trace.parts ?? []) : [trace];
  return (
    <ul className={classes.tree} aria-label="How it was decided">
      {nodes.map((node, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a trace is read only and never changes its order
        <Node key={index} trace={node} />
      ))}
    </ul>
  );
}

function Node({ trace }: { trace: Trace }) {
  const parts = trace.parts ?? [];
  const observed = observedWords(trace);
  return (
    <li>
      <div className={classes.node}>
        <OutcomeIcon trace={trace} />
        <div>
          {words(trace)}
          {trace.kind === "filter" && trace.fact === "personal" && (
            <>
              {" "}
              <Shield />
            </>
          )}
          {observed && <span className={classes.observed}>{observed}</span>}
        </div>
      </div>
      {parts.length > 0 && (
        <ul>
          {parts.map((part, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a trace is read only and never changes its order
            <Node key={index} trace={part} />
          ))}
        </ul>
      )}
    </li>
  );
}

function OutcomeIcon({ trace }: { trace: Trace }) {
  if (trace.outcome === "true") {
    return <IconCircleCheck size={18} className={classes.yes} role="img" aria-label="holds" />;
  }
  if (trace.outcome === "false") {
    return <IconCircleX size={18} className={classes.no} role="img" aria-label="does not hold" />;
  }
  const label = trace.decided === "browser" ? "decided in the browser" : "not known";
  return <IconHelpCircle size={18} className={classes.open} role="img" aria-label={label} />;
}

function words(trace: Trace): string {
  switch (trace.kind) {
    case "content":
      return "The content as a whole";
    case "status":
      return `Its state is ${trace.status}`;
    case "frequency":
      return frequencyWords(trace.frequency);
    case "audience":
      return trace.parts?.length ? "In the audience" : "In the audience: everybody";
    case "trigger":
      return triggerWords(trace.on, trace.event);
    case "all":
      return "All of these";
    case "any":
      return "At least one of these";
    case "not":
      return "Not this";
    case "filter":
      return filterWords({ field: trace.field, op: trace.op, value: trace.expected });
    case "event":
      return didWords(trace);
  }
}

export function frequencyWords(frequency: Schema["Frequency"]): string {
  if (frequency.kind === "once") {
    return "Once per person";
  }
  return frequency.kind === "always" ? "Every time" : `Again after ${frequency.days} days at the earliest`;
}

function triggerWords(on: "page" | "event" | "manual", event?: string): string {
  if (on === "event") {
    return `Appears after “${event ?? ""}”`;
  }
  return on === "manual" ? "Appears when your code calls it" : "Appears on a page";
}

function observedWords(trace: Trace): string | undefined {
  if (trace.kind === "filter") {
    if (trace.decided === "browser") {
      return "The browser decides this, on the page.";
    }
    const said = { missing: "There is no value.", unknown: "Not known yet.", personal: sealed(trace.outcome) };
    return trace.fact === "value" ? `It is ${valueWords(trace.actual)}.` : said[trace.fact];
  }
  if (trace.kind === "event") {
    return trace.actual === undefined ? "Not counted yet." : `Counted: ${trace.actual}.`;
  }
  if (trace.kind === "frequency" && trace.shown_at) {
    return `Last shown ${absolute(new Date(trace.shown_at))}.`;
  }
  return undefined;
}

const sealed = (outcome: Trace["outcome"]) =>
  outcome === "unknown" ? "Sealed, and its answer has not been worked out yet." : "Sealed: only the answer is kept.";
