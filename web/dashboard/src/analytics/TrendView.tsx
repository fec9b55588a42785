/** The answer to a trend: lines or bars, and the same numbers as a table. */
import { Table } from "@mantine/core";
import { TimeBars } from "../charts/bars";
import { Lines } from "../charts/lines";
import classes from "./Analytics.module.css";
import { type Answered, figure, groupName, momentLabel, type Number as NumberOf, type TrendAnswer } from "./answer";
import { NumberButton } from "./NumberButton";
import type { Of } from "./question";
import type { Chart } from "./reports";
import { lineName, rowsOf } from "./table";

type Props = {
  question: Of<"trend">;
  answered: Answered;
  chart: Chart;
  show: (number: NumberOf) => void;
};

export function TrendView({ question, answered, chart, show }: Props) {
  const answer = answered as TrendAnswer;
  const { series, before } = answer;
  const place = { interval: question.interval ?? "day", zone: answered.zone };
  const moments = Array.from({ length: rowsOf(answer) }, (_, point) => {
    const [own, earlier] = [series[0]?.points[point], before?.[0]?.points[point]];
    return own ? momentLabel(own.time, place) : `${momentLabel(earlier?.time ?? answered.from, place)}, period before`;
  });
  const shown = [
    ...series.map((one) => ({ name: lineName(question, one), faint: false, points: one.points, total: one.total })),
    ...(before ?? []).map((one) => ({
      name: `${lineName(question, one)}, period before`,
      faint: true,
      points: one.points,
      total: one.total,
    })),
  ];
  const first = shown[0];
  const title = shown.map((one) => one.name).join(", ");
  return (
    <>
      {chart === "bar" && first && shown.length === 1 ? (
        <TimeBars
          title={title}
          height={260}
          points={first.points.map(({ value }, index) => ({
            label: moments[index] ?? "",
            value,
            exact: `${moments[index]}: ${figure(value)}`,
          }))}
        />
      ) : (
        chart !== "table" && (
          <Lines
            title={title}
            lines={shown}
            format={figure}
            points={moments.map((label, index) => ({
              label,
              values: shown.map((one) => one.points[index]?.value ?? null),
            }))}
          />
        )
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section className={classes.scroll} aria-label="The numbers as a table" tabIndex={0}>
        <Table className={classes.numbers} verticalSpacing={4} stickyHeader>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Time</Table.Th>
              {shown.map((one, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a column is its place
                <Table.Th key={at} className={classes.right}>
                  <span className={classes.name}>{one.name}</span>
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            <Table.Tr>
              <Table.Th scope="row">Whole range</Table.Th>
              {shown.map((one, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a column is its place
                <Table.Td key={at} className={classes.right}>
                  <Cell answer={series[at]} name={`${one.name}, whole range`} value={one.total} show={show} />
                </Table.Td>
              ))}
            </Table.Tr>
            {moments.map((label, point) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place
              <Table.Tr key={point}>
                <Table.Th scope="row">{label}</Table.Th>
                {shown.map((one, at) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a column is its place
                  <Table.Td key={at} className={classes.right}>
                    <Cell
                      answer={series[at]}
                      point={point}
                      name={`${one.name}, ${label}`}
                      value={one.points[point]?.value}
                      show={show}
                    />
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </section>
    </>
  );
}

type CellProps = {
  answer: TrendAnswer["series"][number] | undefined;
  point?: number;
  name: string;
  /** Nothing where the other period has more points. */
  value: number | undefined;
  show: (number: NumberOf) => void;
};

/** Of the period before there is no list: the question is asked of another range for that. */
function Cell({ answer, point, name, value, show }: CellProps) {
  if (value === undefined) {
    return null;
  }
  if (!answer) {
    return <span>{figure(value)}</span>;
  }
  const { index, breakdown } = answer;
  const of = {
    kind: "trend" as const,
    series: index,
    ...(point === undefined ? {} : { point }),
    ...(groupName(breakdown) === undefined || !breakdown ? {} : { breakdown }),
  };
  return <NumberButton of={of} name={name} count={value} show={show} />;
}
