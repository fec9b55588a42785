/** The value in the shape that the operator takes. */
import { Autocomplete, NumberInput, TagsInput, TextInput } from "@mantine/core";
import { useState } from "react";
import classes from "./Audience.module.css";
import { formatValue, parseValue, shapeOf } from "./value";
import type { Operator } from "./words";

type Props = {
  op: Operator;
  value: unknown;
  /** Values that were seen, as they are typed. */
  suggestions: string[];
  onChange: (value: unknown) => void;
  error: string | undefined;
};

export function ValueInput({ op, value, suggestions, onChange, error }: Props) {
  const common = { size: "xs", className: classes.value, "aria-label": "Value", error } as const;
  switch (shapeOf(op)) {
    case "number":
      return (
        <NumberInput
          {...common}
          value={asNumber(value)}
          onChange={(next) => onChange(next === "" ? "" : Number(next))}
        />
      );
    case "range":
      return <RangeInput value={value} onChange={onChange} error={error} />;
    case "list":
      return (
        <TagsInput
          {...common}
          placeholder="value, Enter"
          data={suggestions}
          value={Array.isArray(value) ? value.map(formatValue) : []}
          onChange={(all) => onChange(all.map(parseValue))}
          acceptValueOnBlur
        />
      );
    case "time":
    case "text":
      return (
        <TextInput
          {...common}
          placeholder={shapeOf(op) === "time" ? "2026-10-01 or -30d" : "text"}
          value={typeof value === "string" ? value : formatValue(value)}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
    default:
      return <TypedInput common={common} value={value} suggestions={suggestions} onChange={onChange} />;
  }
}

type TypedProps = {
  common: { size: "xs"; className: string | undefined; "aria-label": string; error: string | undefined };
  value: unknown;
  suggestions: string[];
  onChange: (value: unknown) => void;
};

/** Keeps what was typed as it was typed, for as long as that is what the value means; what it means goes out. */
function TypedInput({ common, value, suggestions, onChange }: TypedProps) {
  const [text, setText] = useState(() => formatValue(value));
  const meant = typeof value === "number" ? "a number" : typeof value === "boolean" ? "yes or no" : undefined;
  return (
    <Autocomplete
      {...common}
      placeholder="value"
      data={suggestions}
      value={parseValue(text) === value ? text : formatValue(value)}
      description={meant && `${meant}; for text write "${String(value)}"`}
      inputWrapperOrder={["input", "error", "description"]}
      onChange={(next) => {
        setText(next);
        onChange(parseValue(next));
      }}
    />
  );
}

function RangeInput({ value, onChange, error }: Omit<Props, "op" | "suggestions">) {
  const [low, high] = Array.isArray(value) ? value : [0, 0];
  return (
    <div className={classes.range}>
      <NumberInput
        size="xs"
        w={84}
        aria-label="From"
        value={asNumber(low)}
        onChange={(next) => onChange([Number(next), high])}
        error={error}
      />
      <span>and</span>
      <NumberInput
        size="xs"
        w={84}
        aria-label="To"
        value={asNumber(high)}
        onChange={(next) => onChange([low, Number(next)])}
      />
    </div>
  );
}

const asNumber = (value: unknown) => (typeof value === "number" ? value : "");
