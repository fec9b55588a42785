/** The numbers of an answer as rows: what the screen shows, and what is saved as CSV. */
import type { Table } from "../charts/csv";
import {
  type Answered,
  type FunnelAnswer,
  groupName,
  percent,
  type RetentionAnswer,
  type SeriesAnswer,
  type TrendAnswer,
} from "./answer";
import { type Of, type Question, seriesName } from "./question";

export function lineName(question: Of<"trend">, { index, breakdown }: SeriesAnswer): string {
  const series = question.series[index];
  const name = series ? seriesName(series) : "";
  const group = groupName(breakdown);
  return group === undefined ? name : question.series.length > 1 ? `${name}: ${group}` : group;
}

/** An answer to a question of its kind. */
export function tableOf(question: Question, { answer, zone }: Answered): Table {
  switch (question.kind) {
    case "trend":
      return trendTable(question, answer as TrendAnswer, zone);
    case "funnel":
      return funnelTable(question, answer as FunnelAnswer);
    case "retention":
      return retentionTable(answer as RetentionAnswer, zone);
  }
}

function trendTable(question: Of<"trend">, { series, before }: TrendAnswer, zone: string): Table {
  const columns = series.flatMap((one) => {
    const name = lineName(question, one);
    return before ? [name, `${name}, period before`] : [name];
  });
  const rows = (series[0]?.points ?? []).map((point, index) => [
    point.time,
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

function retentionTable({ cohorts }: RetentionAnswer, zone: string): Table {
  const periods = cohorts[0]?.returned.length ?? 0;
  return {
    columns: [`Cohort (${zone})`, "Began", ...Array.from({ length: periods }, (_, period) => `+${period}`)],
    rows: cohorts.map(({ time, count, returned }) => [time, count, ...returned]),
  };
}
