/** The answer to a retention: the curve over all cohorts, and the table as a heat map. */
import { Table, Text } from "@mantine/core";
import { type ReactNode, useEffect, useRef } from "react";
import { Lines } from "../charts/lines";
import classes from "./Analytics.module.css";
import {
  type Answered,
  type Cohort,
  momentLabel,
  type Number as NumberOf,
  percent,
  type RetentionAnswer,
} from "./answer";
import { type Horizon, horizon, knownOf } from "./cohorts";
import { NumberButton } from "./NumberButton";
import type { Of } from "./question";

type Props = { question: Of<"retention">; answered: Answered; at: number; show: (number: NumberOf) => void };

export function RetentionView({ question, answered, at, show }: Props) {
  const { cohorts } = answered as RetentionAnswer;
  const interval = question.interval ?? "week";
  const periods = Array.from({ length: cohorts[0]?.returned.length ?? 0 }, (_, period) => period);
  const until = horizon(question, answered, at);
  return (
    <>
      <Text size="sm" c="dimmed">
        Of those who began, how many came back so many {interval}s later: all cohorts that are old enough, together.
      </Text>
      <Lines
        title="Came back, in percent"
        lines={[{ name: "Came back" }]}
        top={100}
        height={220}
        format={(value) => `${Math.round(value * 10) / 10} %`}
        points={curve(cohorts, periods, until)}
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section className={classes.scroll} aria-label="Cohorts as a table" tabIndex={0}>
        <Table className={classes.numbers} verticalSpacing={4} horizontalSpacing={8} stickyHeader>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Began</Table.Th>
              <Table.Th className={classes.right}>People</Table.Th>
              {periods.map((period) => (
                <Table.Th key={period} className={classes.right}>
                  {period === 0 ? `Same ${interval}` : `+${period}`}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {cohorts.map((cohort) => (
              <CohortRow
                key={cohort.time}
                cohort={cohort}
                label={momentLabel(cohort.time, { interval, zone: answered.zone })}
                known={knownOf(cohort, until)}
                interval={interval}
                show={show}
              />
            ))}
          </Table.Tbody>
        </Table>
      </section>
    </>
  );
}

type RowProps = {
  cohort: Cohort;
  label: string;
  /** How many of its intervals have begun. */
  known: number;
  interval: string;
  show: (number: NumberOf) => void;
};

function CohortRow({ cohort, label, known, interval, show }: RowProps) {
  const { time, count, returned } = cohort;
  return (
    <Table.Tr>
      <Table.Th scope="row">{label}</Table.Th>
      <Table.Td className={classes.right}>
        <NumberButton of={{ kind: "retention", cohort: time }} name={`began ${label}`} count={count} show={show} />
      </Table.Td>
      {returned.map((back, period) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a period is its place
        <Heat key={period} share={period < known && count > 0 ? back / count : 0}>
          {period < known ? (
            <NumberButton
              of={{ kind: "retention", cohort: time, period }}
              name={`${back} of those who began ${label}, back ${period} ${interval}s later`}
              count={back}
              text={percent(back, count)}
              show={show}
            />
          ) : (
            <span className={classes.quiet}>not yet</span>
          )}
        </Heat>
      ))}
    </Table.Tr>
  );
}

/** The share goes in by script: the page's policy allows no style attributes. */
function Heat({ share, children }: { share: number; children: ReactNode }) {
  const cell = useRef<HTMLTableCellElement>(null);
  useEffect(() => {
    cell.current?.style.setProperty("--share", String(share));
  }, [share]);
  return (
    <Table.Td ref={cell} className={`${classes.cell} ${classes.heat}`}>
      {children}
    </Table.Td>
  );
}

/** In percent, over the cohorts of which the interval is known. */
function curve(cohorts: Cohort[], periods: number[], until: Horizon) {
  const all = cohorts.map((cohort) => ({ ...cohort, known: knownOf(cohort, until) }));
  return periods.map((period) => {
    const old = all.filter(({ known }) => period < known);
    const began = old.reduce((sum, one) => sum + one.count, 0);
    const back = old.reduce((sum, one) => sum + (one.returned[period] ?? 0), 0);
    return { label: period === 0 ? "0" : `+${period}`, values: [began === 0 ? null : (back / began) * 100] };
  });
}
