/** The forms of the three kinds of question. */
import { Autocomplete, NumberInput, Select, Switch } from "@mantine/core";
import { join, SUBJECTS, type Subject, split } from "../audience/fields";
import type { BuilderContext } from "../audience/GroupEditor";
import { useProblem } from "../content/problems";
import classes from "./Analytics.module.css";
import { Another, EventPicker, ProblemText } from "./EventPicker";
import {
  type Breakdown,
  hasProperty,
  type Interval,
  MEASURES,
  type Measure,
  type Of,
  type Series,
  type Step,
} from "./question";
import { QUESTION_SUBJECTS } from "./suggestions";

type Props<K extends "trend" | "funnel" | "retention"> = {
  question: Of<K>;
  onChange: (question: Of<K>) => void;
  context: BuilderContext;
};

const MOST_SERIES = 10;
const MOST_STEPS = 15;
const MOST_EXCLUDED = 10;

const replaced = <T,>(all: T[], index: number, one: T) => all.map((before, at) => (at === index ? one : before));
const without = <T,>(all: T[], index: number) => all.filter((_, at) => at !== index);

const INTERVALS: { value: Interval; label: string }[] = [
  { value: "hour", label: "Hour" },
  { value: "day", label: "Day" },
  { value: "week", label: "Week" },
  { value: "month", label: "Month" },
];

export function TrendForm({ question, onChange, context }: Props<"trend">) {
  const problem = useProblem("/interval");
  const put = (series: Series[]) => onChange({ ...question, series });
  return (
    <>
      {question.series.map((series, index) => (
        <EventPicker
          // biome-ignore lint/suspicious/noArrayIndexKey: a series is nothing but its place and what is chosen there
          key={index}
          label={`Series ${index + 1}`}
          step={series}
          onChange={(next) => put(replaced(question.series, index, next))}
          onRemove={question.series.length > 1 ? () => put(without(question.series, index)) : undefined}
          pointer={`/series/${index}`}
          context={context}
        >
          <MeasureRow
            series={series}
            onChange={(next) => put(replaced(question.series, index, next))}
            pointer={`/series/${index}`}
            names={context.suggestions.names("event")}
          />
        </EventPicker>
      ))}
      {question.series.length < MOST_SERIES && (
        <Another onClick={() => put([...question.series, { event: "", measure: "total" }])}>Add a series</Another>
      )}
      <BreakdownRow question={question} onChange={onChange} context={context} />
      <Select
        size="xs"
        label="One point for each"
        data={INTERVALS}
        value={question.interval ?? "day"}
        allowDeselect={false}
        onChange={(interval) => interval && onChange({ ...question, interval })}
        error={problem}
      />
      <Switch
        size="sm"
        label="Compare with the period before"
        checked={question.compare ?? false}
        onChange={(event) => onChange({ ...question, compare: event.currentTarget.checked })}
      />
    </>
  );
}

type MeasureProps = { series: Series; onChange: (series: Series) => void; pointer: string; names: string[] };

function MeasureRow({ series, onChange, pointer, names }: MeasureProps) {
  const problem = useProblem(`${pointer}/property`);
  const measure = series.measure ?? "total";
  const choose = (next: Measure) => {
    const { property, ...rest } = series;
    onChange({ ...rest, measure: next, ...(hasProperty(next) && property ? { property } : {}) });
  };
  return (
    <div className={classes.line}>
      <Select
        size="xs"
        className={classes.grow}
        aria-label="What is measured"
        data={Object.entries(MEASURES).map(([value, label]) => ({ value: value as Measure, label }))}
        value={measure}
        allowDeselect={false}
        onChange={(next) => next && choose(next)}
      />
      {hasProperty(measure) && (
        <Autocomplete
          size="xs"
          className={classes.grow}
          aria-label="Property that is measured"
          placeholder="property"
          data={names}
          value={series.property ?? ""}
          onChange={(property) => onChange({ ...series, property })}
          error={problem}
        />
      )}
    </div>
  );
}

const WINDOWS = [
  { value: "1h", label: "1 hour" },
  { value: "1d", label: "1 day" },
  { value: "7d", label: "7 days" },
  { value: "14d", label: "14 days" },
  { value: "30d", label: "30 days" },
  { value: "90d", label: "90 days" },
];

export function FunnelForm({ question, onChange, context }: Props<"funnel">) {
  const steps = (next: Step[]) => onChange({ ...question, steps: next });
  const excluded = question.exclude ?? [];
  const exclude = (next: Step[]) => onChange({ ...question, exclude: next });
  const windowProblem = useProblem("/window");
  const excludeProblem = useProblem("/exclude");
  return (
    <>
      {question.steps.map((step, index) => (
        <EventPicker
          // biome-ignore lint/suspicious/noArrayIndexKey: a step is nothing but its place and what is chosen there
          key={index}
          label={`Step ${index + 1}`}
          step={step}
          onChange={(next) => steps(replaced(question.steps, index, next))}
          onRemove={question.steps.length > 2 ? () => steps(without(question.steps, index)) : undefined}
          pointer={`/steps/${index}`}
          context={context}
        />
      ))}
      {question.steps.length < MOST_STEPS && (
        <Another onClick={() => steps([...question.steps, { event: "" }])}>Add a step</Another>
      )}
      {excluded.map((step, index) => (
        <EventPicker
          // biome-ignore lint/suspicious/noArrayIndexKey: as above
          key={index}
          label={`Not in between ${index + 1}`}
          step={step}
          onChange={(next) => exclude(replaced(excluded, index, next))}
          onRemove={() => exclude(without(excluded, index))}
          pointer={`/exclude/${index}`}
          context={context}
        />
      ))}
      <ProblemText>{excludeProblem}</ProblemText>
      {excluded.length < MOST_EXCLUDED && (
        <Another onClick={() => exclude([...excluded, { event: "" }])}>Exclude an event in between</Another>
      )}
      <Select
        size="xs"
        label="From the first step to the last within"
        data={WINDOWS.some(({ value }) => value === question.window) ? WINDOWS : [...WINDOWS, question.window]}
        value={question.window}
        allowDeselect={false}
        onChange={(window) => window && onChange({ ...question, window })}
        error={windowProblem}
      />
      <Select
        size="xs"
        label="Order"
        data={[
          { value: "ordered", label: "One after the other" },
          { value: "strict", label: "One right after the other" },
          { value: "any", label: "In any order" },
        ]}
        value={question.order ?? "ordered"}
        allowDeselect={false}
        onChange={(order) => order && onChange({ ...question, order: order as NonNullable<typeof question.order> })}
      />
      <Select
        size="xs"
        label="Counted by"
        data={[
          { value: "person", label: "Person" },
          { value: "company", label: "Company" },
        ]}
        value={question.by ?? "person"}
        allowDeselect={false}
        onChange={(by) => by && onChange({ ...question, by: by as NonNullable<typeof question.by> })}
      />
      <BreakdownRow question={question} onChange={onChange} context={context} />
    </>
  );
}

export function RetentionForm({ question, onChange, context }: Props<"retention">) {
  const intervalProblem = useProblem("/interval");
  const problem = useProblem("/periods");
  return (
    <>
      <EventPicker
        label="Those who did"
        step={question.start}
        onChange={(start) => onChange({ ...question, start })}
        pointer="/start"
        context={context}
      />
      <EventPicker
        label="Came back and did"
        step={question.return}
        onChange={(back) => onChange({ ...question, return: back })}
        pointer="/return"
        context={context}
      />
      <Select
        size="xs"
        label="Interval"
        data={INTERVALS.slice(1)}
        value={question.interval ?? "week"}
        allowDeselect={false}
        onChange={(interval) => interval && onChange({ ...question, interval })}
        error={intervalProblem}
      />
      <NumberInput
        size="xs"
        label="How many intervals"
        min={1}
        max={60}
        value={question.periods}
        onChange={(periods) => typeof periods === "number" && onChange({ ...question, periods })}
        error={problem}
      />
      <Select
        size="xs"
        label="They begin"
        data={[
          { value: "first_time", label: "once, the first time in the range" },
          { value: "recurring", label: "in each interval in which they do it" },
        ]}
        value={question.mode ?? "first_time"}
        allowDeselect={false}
        onChange={(mode) => mode && onChange({ ...question, mode: mode as NonNullable<typeof question.mode> })}
      />
      <Select
        size="xs"
        label="They came back"
        data={[
          { value: "exactly", label: "in just that interval" },
          { value: "on_or_after", label: "in that interval or later" },
        ]}
        value={question.match ?? "exactly"}
        allowDeselect={false}
        onChange={(match) => match && onChange({ ...question, match: match as NonNullable<typeof question.match> })}
      />
    </>
  );
}

type Split = { breakdown?: Breakdown | null };

function BreakdownRow<Q extends Split>({
  question,
  onChange,
  context,
}: {
  question: Q;
  onChange: (question: Q) => void;
  context: BuilderContext;
}) {
  const problem = useProblem("/breakdown/field");
  const { subject, name } = question.breakdown ? split(question.breakdown.field) : { subject: "", name: "" };
  const put = (field: string | null) => onChange({ ...question, breakdown: field === null ? null : { field } });
  const names = subject ? context.suggestions.names(subject as Subject) : [];
  return (
    <div className={classes.line}>
      <Select
        size="xs"
        className={classes.grow}
        label="Split by"
        placeholder="nothing"
        clearable
        data={QUESTION_SUBJECTS.map((value) => ({ value, label: SUBJECTS[value] }))}
        value={subject || null}
        onChange={(next) =>
          put(next === null ? null : join(next as Subject, context.suggestions.names(next as Subject)[0] ?? ""))
        }
      />
      {subject && (
        <Autocomplete
          size="xs"
          className={classes.grow}
          label="Which"
          data={names}
          value={name}
          onChange={(next) => put(join(subject as Subject, next))}
          error={problem}
        />
      )}
    </div>
  );
}
