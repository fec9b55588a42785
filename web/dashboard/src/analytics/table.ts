/** The numbers of an answer as rows: what the screen shows, and what is saved as CSV. */
import type { Table } from "../charts/csv";
import {
  type FunnelAnswer,
  groupName,
  percent,
  type RetentionAnswer,
  type SeriesAnswer,
  type Told,
  type TrendAnswer,
} from "./answer";
import { type Horizon, horizon, knownOf } from "./cohorts";
import { type Of, seriesName } from "./question";

export function lineName(question: Of<"trend">, { index, breakdown }: SeriesAnswer): string {
  const series = question.series[index];
  const name = series ? seriesName(series) : "";
  const group = groupName(breakdown);
  return group === undefined ? name : question.series.length > 1 ? `${name}: ${group}` : group;
}

/** An answer to a question of its kind. */
export function tableOf({ question, answered, at }: Told): Table {
  switch (question.kind) {
    case "trend":
      return trendTable(question, answered as TrendAnswer, answered.zone);
    case "funnel":
      return funnelTable(question, answered as FunnelAnswer);
    case "retention":
      return retentionTable(answered as RetentionAnswer, horizon(question, answered, at));
  }
}

/** How many rows a trend has: the period before may have more points than the range. */
export const rowsOf = ({ series, before = [] }: TrendAnswer) =>
  Math.max(0, ...[...series, ...before].map(({ points }) => points.length));

function trendTable(question: Of<"trend">, answer: TrendAnswer, zone: string): Table {
  const { series, before } = answer;
  const columns = series.flatMap((one) => {
    const name = lineName(question, one);
    return before ? [name, `${name}, period before`] : [name];
  });
  const rows = Array.from({ length: rowsOf(answer) }, (_, index) => [
    series[0]?.points[index]?.time,
    ...series.flatMap((one, at) => {
      const value = one.points[index]?.value;
      return before ? [value, before[at]?.points[index]?.value] : [value];
    }),
  ]);
  return { columns: [`Time (${zone})`, ...columns], rows };
}

function funnelTable(question: Of<"funnel">, { steps, breakdown }: FunnelAnswer): Table {
  const rows = [
    { name: "Everybody", steps },
    ...(breakdown ?? []).map((one) => ({ name: groupName(one.value), steps: one.steps })),
  ];
  return {
    columns: ["Group", "Step", "Event", "Count", "Of the first step", "Median seconds from the step before"],
    rows: rows.flatMap(({ name, steps: own }) =>
      own.map((step, index) => [
        name,
        index + 1,
        question.steps[index]?.event,
        step.count,
        percent(step.count, own[0]?.count ?? 0),
        step.median_seconds,
      ]),
    ),
  };
}

function retentionTable({ cohorts }: RetentionAnswer, until: Horizon): Table {
  const periods = cohorts[0]?.returned.length ?? 0;
  return {
    columns: [`Cohort (${until.zone})`, "Began", ...Array.from({ length: periods }, (_, period) => `+${period}`)],
    rows: cohorts.map((cohort) => {
      const known = knownOf(cohort, until);
      return [cohort.time, cohort.count, ...cohort.returned.map((back, at) => (at < known ? back : undefined))];
    }),
  };
}
