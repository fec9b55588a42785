/** The latest answers, one row per person; free texts as dots until they are opened. */
import { Button, Card, Group, Table, Text, Title } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import type { Cell } from "../charts/csv";
import { saveCsv } from "../charts/save";
import { PersonLink } from "../people/PeopleTable";
import { Masked, Shield } from "../personal/Personal";
import { Time } from "../time/Time";
import type { Texts } from "./QuestionCard";
import classes from "./Results.module.css";
import { answerWords, type QuestionResults, type Results } from "./results";

type Answer = Results["answers"][number];

export function AnswersCard({ results, texts }: { results: Results; texts: Texts }) {
  const { questions } = results;
  const answers = texts.opened?.answers ?? results.answers;
  if (results.answers.length === 0) {
    return null;
  }
  const opened = texts.opened !== undefined;
  return (
    <Card component="section" aria-label="Latest answers" padding={0}>
      <Group justify="space-between" p="lg" pb="xs">
        <Title order={2}>Latest answers</Title>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconDownload size={15} stroke={1.75} />}
          onClick={() => saveCsv("answers", tableOf(questions, answers, opened))}
        >
          CSV{opened ? "" : " without texts"}
        </Button>
      </Group>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section className={classes.wideTable} aria-label="Latest answers, table" tabIndex={0}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Person</Table.Th>
              <Table.Th>When</Table.Th>
              {questions.map((question) => (
                <Table.Th key={question.id} className={classes.question}>
                  {question.kind === "open_text" && <Shield />} {question.text}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {answers.map((answer, index) => (
              <Table.Tr key={answer.id ?? index}>
                <Table.Td>
                  <PersonLink id={answer.person} to={answer.person_id} />
                </Table.Td>
                <Table.Td className={classes.nowrap}>
                  <Text span c="dimmed">
                    <Time at={answer.at} />
                  </Text>
                </Table.Td>
                {questions.map((question) => (
                  <Table.Td key={question.id}>
                    <Value question={question} answer={answer} opened={opened} />
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </section>
    </Card>
  );
}

function Value({ question, answer, opened }: { question: QuestionResults; answer: Answer; opened: boolean }) {
  if (!opened && answer.written.includes(question.id)) {
    return <Masked />;
  }
  return answerWords(question, answer.answers[question.id]) ?? <span className={classes.quiet}>–</span>;
}

function tableOf(questions: QuestionResults[], answers: Answer[], opened: boolean) {
  const asked = questions.filter((question) => opened || question.kind !== "open_text");
  const rows = answers.map((answer): Cell[] => [
    answer.person,
    answer.at,
    ...asked.map((question) =>
      question.kind === "nps"
        ? (answer.answers[question.id] as Cell)
        : answerWords(question, answer.answers[question.id]),
    ),
  ]);
  return { columns: ["Person", "Time (UTC)", ...asked.map((question) => question.text)], rows };
}
