/** The answer to a funnel: a bar for each step, how long it took, and each part of a breakdown as a row. */
import { Table, Text, Title } from "@mantine/core";
import { ScaleBars } from "../charts/bars";
import classes from "./Analytics.module.css";
import {
  type Answered,
  type FunnelAnswer,
  figure,
  groupName,
  type Number as NumberOf,
  percent,
  seconds,
} from "./answer";
import { NumberButton } from "./NumberButton";
import type { Of } from "./question";

type Props = { question: Of<"funnel">; answered: Answered; show: (number: NumberOf) => void };

export function FunnelView({ question, answered, show }: Props) {
  const { steps, breakdown, distribution } = answered as FunnelAnswer;
  const first = steps[0]?.count ?? 0;
  const name = (index: number) => question.steps[index]?.event ?? "";
  const who = question.by === "company" ? "companies" : "people";
  return (
    <>
      <ol className={classes.steps}>
        {steps.map((step, index) => {
          const before = steps[index - 1]?.count ?? step.count;
          const left = step.count - (steps[index + 1]?.count ?? step.count);
          return (
            <li key={`${name(index)}-${before}-${step.count}-${left}`} className={classes.step}>
              <div className={classes.stepHead}>
                <Text span fw={550}>
                  {index + 1}. {name(index)}
                </Text>
                <span>
                  <NumberButton
                    of={{ kind: "funnel", step: index }}
                    name={`reached ${name(index)}`}
                    count={step.count}
                    show={show}
                  />{" "}
                  {who}, {percent(step.count, first)}
                </span>
              </div>
              <div className={classes.bar} aria-hidden="true">
                <svg width="100%" height="26" preserveAspectRatio="none">
                  <title>{percent(step.count, first)}</title>
                  <rect width={first ? `${(step.count / first) * 100}%` : "0"} height="26" fill="var(--pf-chart-1)" />
                </svg>
              </div>
              <div className={classes.quiet}>
                {index > 0 && <>{percent(step.count, before)} of the step before</>}
                {step.median_seconds !== undefined && <> · half of them within {seconds(step.median_seconds)}</>}
                {index < steps.length - 1 && (
                  <>
                    {index > 0 && " · "}
                    <NumberButton
                      of={{ kind: "funnel", step: index, dropped: true }}
                      name={`stopped after ${name(index)}`}
                      count={left}
                      show={show}
                    />{" "}
                    went no further
                  </>
                )}
              </div>
            </li>
          );
        })}
      </ol>
      {distribution.length > 0 && (
        <>
          <Title order={3} size="h4" mt="lg">
            How long the whole way took
          </Title>
          <ScaleBars
            title="How long the whole way took"
            height={160}
            points={distribution.map((bar) => ({
              label: `≤ ${seconds(bar.to_seconds)}`,
              value: bar.count,
              exact: `${seconds(bar.from_seconds)} to ${seconds(bar.to_seconds)}: ${figure(bar.count)} ${who}`,
            }))}
          />
        </>
      )}
      {breakdown && breakdown.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        <section className={classes.scroll} aria-label="The parts as a table" tabIndex={0}>
          <Table className={classes.numbers} verticalSpacing={4} stickyHeader mt="md">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Part</Table.Th>
                {steps.map((step, index) => (
                  <Table.Th key={`${name(index)}-${step.count}`} className={classes.right}>
                    {index + 1}. {name(index)}
                  </Table.Th>
                ))}
                <Table.Th className={classes.right}>All the way</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {breakdown.map((part) => (
                <Table.Tr key={`${part.value.kind}-${groupName(part.value)}`}>
                  <Table.Th scope="row" className={classes.name}>
                    {groupName(part.value)}
                  </Table.Th>
                  {part.steps.map((step, index) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: a step is its place
                    <Table.Td key={index} className={classes.right}>
                      <NumberButton
                        of={{ kind: "funnel", step: index, breakdown: part.value }}
                        name={`${groupName(part.value)}, reached ${name(index)}`}
                        count={step.count}
                        show={show}
                      />
                    </Table.Td>
                  ))}
                  <Table.Td className={classes.right}>
                    {percent(part.steps.at(-1)?.count ?? 0, part.steps[0]?.count ?? 0)}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </section>
      )}
    </>
  );
}
