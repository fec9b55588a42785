/** Which time a question is about: counted back from now, or two days of the environment's zone. */
import { Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { useProblemWithin } from "../content/problems";
import classes from "./Analytics.module.css";
import type { Range } from "./question";
import { dayOf, nextDay, startOfDay } from "./zone";

type Props = { range: Range; onChange: (range: Range) => void; zone: string };

const PRESETS = [
  { value: "24h", label: "Last 24 hours" },
  { value: "7d", label: "Last 7 days" },
  { value: "30d", label: "Last 30 days" },
  { value: "90d", label: "Last 90 days" },
  { value: "12w", label: "Last 12 weeks" },
  { value: "6m", label: "Last 6 months" },
  { value: "12m", label: "Last 12 months" },
];
const CUSTOM = "custom";

export function RangePicker({ range, onChange, zone }: Props) {
  const problem = useProblemWithin("/range");
  const presets =
    range.last && !PRESETS.some(({ value }) => value === range.last)
      ? [...PRESETS, { value: range.last, label: `Last ${range.last}` }]
      : PRESETS;
  const choose = (value: string) => {
    if (value !== CUSTOM) {
      return onChange({ last: value });
    }
    const today = dayOf(new Date().toISOString(), zone);
    onChange({ from: startOfDay(nextDay(today, -29), zone), to: startOfDay(nextDay(today), zone) });
  };
  return (
    <div className={classes.line}>
      <Select
        size="xs"
        className={classes.grow}
        label="When"
        description={`Days begin in ${zone}.`}
        data={[...presets, { value: CUSTOM, label: "From one day to another" }]}
        value={range.last ?? CUSTOM}
        allowDeselect={false}
        onChange={(value) => value && choose(value)}
        error={problem}
      />
      {range.from && range.to && <Days key={zone} from={range.from} to={range.to} zone={zone} onChange={onChange} />}
    </div>
  );
}

type DaysOf = { first: string; last: string };

function Days({
  from,
  to,
  zone,
  onChange,
}: {
  from: string;
  to: string;
  zone: string;
  onChange: (range: Range) => void;
}) {
  // What is typed is shown for as long as the range is the one that came of it: a day may be half typed, or the wrong way round.
  const [typed, setTyped] = useState<{ from: string; to: string; days: DaysOf } | null>(null);
  const days =
    typed?.from === from && typed.to === to
      ? typed.days
      : { first: dayOf(from, zone), last: nextDay(dayOf(to, zone), -1) };
  const put = (next: DaysOf) => {
    if (next.first && next.last && next.first <= next.last) {
      const range = { from: startOfDay(next.first, zone), to: startOfDay(nextDay(next.last), zone) };
      setTyped({ ...range, days: next });
      onChange(range);
    } else {
      setTyped({ from, to, days: next });
    }
  };
  const wrong = days.first > days.last ? "Choose a day that is not before the first." : undefined;
  return (
    <>
      <TextInput
        size="xs"
        type="date"
        label="First day"
        value={days.first}
        onChange={(event) => put({ ...days, first: event.currentTarget.value })}
      />
      <TextInput
        size="xs"
        type="date"
        label="Last day"
        value={days.last}
        onChange={(event) => put({ ...days, last: event.currentTarget.value })}
        error={wrong}
      />
    </>
  );
}
