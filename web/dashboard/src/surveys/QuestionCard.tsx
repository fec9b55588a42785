/** The answers to one question: a score with its formula, a distribution, or texts that are personal. */
import { Alert, Card, Text, Title } from "@mantine/core";
import { explain } from "../api/problem";
import { RankedBars, ScaleBars } from "../charts/bars";
import { ChartCard } from "../charts/ChartCard";
import { DETRACTORS, PASSIVES, PROMOTERS } from "../charts/colours";
import { count } from "../charts/number";
import { PersonLink } from "../people/PeopleTable";
import { RevealPersonal, Shield } from "../personal/Personal";
import { Time } from "../time/Time";
import { formula, type Groups, groupOf, groups, nps, percent, signed } from "./nps";
import classes from "./Results.module.css";
import { distributionTable, openedTexts, type QuestionResults, type Results } from "./results";

export type Texts = { opened: Results | undefined; reveal: () => void; pending: boolean; error: Error | null };
type Props = { question: QuestionResults; texts: Texts };

export function QuestionCard({ question, texts }: Props) {
  if (question.kind === "open_text") {
    return <TextsCard question={question} texts={texts} />;
  }
  return question.kind === "nps" ? <NpsCard question={question} /> : <ChoicesCard question={question} />;
}

const GROUPS: { group: keyof Groups; label: string; range: string; colour: string }[] = [
  { group: "promoters", label: "Promoters", range: "9–10", colour: PROMOTERS },
  { group: "passives", label: "Passives", range: "7–8", colour: PASSIVES },
  { group: "detractors", label: "Detractors", range: "0–6", colour: DETRACTORS },
];
const COLOURS = Object.fromEntries(GROUPS.map(({ group, colour }) => [group, colour]));

function NpsCard({ question }: { question: QuestionResults }) {
  const result = nps(question.nps ?? groups(question.distribution));
  return (
    <ChartCard
      title={question.text}
      unit={`${count(question.count)} answers`}
      file={`nps-${question.id}`}
      table={distributionTable(question)}
    >
      <div className={classes.nps}>
        <div>
          <span className={classes.score}>{result.score === null ? "–" : signed(result.score)}</span>
          <Text size="sm" fw={550}>
            Net promoter score
          </Text>
          <Text size="xs" c="dimmed" className="figures">
            {formula(result)}
          </Text>
          <ul className={classes.groups}>
            {GROUPS.map(({ group, label, range, colour }) => (
              <li key={group}>
                <span className={classes.swatch} style={{ background: colour }} />
                {label} <span className={classes.quiet}>{range}</span>
                <span className={classes.value}>
                  {count(result[group])} <span className={classes.quiet}>{percent(result[group], result.total)}</span>
                </span>
              </li>
            ))}
          </ul>
        </div>
        <ScaleBars
          title={`Answers to ${question.text}`}
          points={question.distribution.map(({ label, value, count: people }) => ({
            label,
            value: people,
            exact: `${label}: ${count(people)} people, ${percent(people, question.count)}`,
            colour: COLOURS[groupOf(Number(value))] ?? PASSIVES,
          }))}
        />
      </div>
    </ChartCard>
  );
}

function ChoicesCard({ question }: { question: QuestionResults }) {
  const several = question.kind === "multiple_choice" ? " · several may be chosen" : "";
  return (
    <ChartCard
      title={question.text}
      unit={`${count(question.count)} answers${several}`}
      file={`answers-${question.id}`}
      table={distributionTable(question)}
    >
      <RankedBars
        title={`Answers to ${question.text}`}
        points={question.distribution.map(({ label, count: people }) => ({
          label,
          value: people,
          exact: `${label}: ${count(people)} people, ${percent(people, question.count)}`,
          direct: `${count(people)} · ${percent(people, question.count)}`,
        }))}
      />
    </ChartCard>
  );
}

function TextsCard({ question, texts }: Props) {
  const opened = openedTexts(texts.opened, question.id);
  const newer = opened ? question.count - opened.length : 0;
  return (
    <Card component="section" aria-label={question.text}>
      <Title order={2}>
        <Shield /> {question.text}
      </Title>
      <Text size="sm" c="dimmed" mb="md">
        {count(question.count)} answers, in people’s own words
      </Text>
      {texts.error && (
        <Alert color="coral" mb="sm" role="alert">
          {explain(texts.error)} Nothing was opened.
        </Alert>
      )}
      {!opened && question.count > 0 && (
        <RevealPersonal what="the answers" onReveal={texts.reveal} loading={texts.pending} />
      )}
      {opened && (
        <ul className={classes.texts}>
          {opened.map(({ text, at, person, person_id }) => (
            <li key={`${at}${person_id}`}>
              <p>{text}</p>
              <Text size="xs" c="dimmed">
                <PersonLink id={person} to={person_id} /> · <Time at={at} />
              </Text>
            </li>
          ))}
        </ul>
      )}
      {opened && newer > 0 && (
        <Text size="xs" c="dimmed" mt="sm">
          The latest {count(opened.length)} of {count(question.count)}. That you looked is recorded.
        </Text>
      )}
    </Card>
  );
}
