/** A question beside its answer: what is changed on the left is asked at once. */
import { Alert, Card, SegmentedControl, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { explain, Problem } from "../api/problem";
import { assign, fieldsOf, ProblemsContext } from "../content/problems";
import { useEnvironmentId } from "../frame/place";
import { EmptyState } from "../states/EmptyState";
import { ErrorState } from "../states/ErrorState";
import { Loading } from "../states/Loading";
import classes from "./Analytics.module.css";
import { AnswerCard } from "./AnswerCard";
import {
  type Answered,
  answerQuery,
  type FunnelAnswer,
  type Number as NumberOf,
  type RetentionAnswer,
  type TrendAnswer,
} from "./answer";
import { BehindDrawer } from "./BehindDrawer";
import { FunnelView } from "./FunnelView";
import { FunnelForm, RetentionForm, TrendForm } from "./forms";
import { isComplete, KINDS, type Question, title } from "./question";
import { RangePicker } from "./RangePicker";
import { RetentionView } from "./RetentionView";
import type { Chart } from "./reports";
import { QUESTION_SUBJECTS, useQuestionSuggestions } from "./suggestions";
import { TrendView } from "./TrendView";
import { zoneQuery } from "./zoneSetting";

type Props = {
  question: Question;
  onChange: (question: Question) => void;
  chart: Chart;
  onChart: (chart: Chart) => void;
};

const PAUSE_MS = 400;

export function QuestionScreen({ question, onChange, chart, onChart }: Props) {
  const environment = useEnvironmentId();
  const [settled] = useDebouncedValue(question, PAUSE_MS);
  const asked = useQuery({
    ...answerQuery(environment, settled),
    enabled: isComplete(settled),
    placeholderData: keepPreviousData,
  });
  const zone = useQuery(zoneQuery(environment)).data?.zone ?? "UTC";
  const suggestions = useQuestionSuggestions();
  const context = { subjects: QUESTION_SUBJECTS, events: true, suggestions };
  const refused = asked.error instanceof Problem ? asked.error.errors : [];
  const problems = assign(refused, fieldsOf(question));
  return (
    <ProblemsContext.Provider value={problems}>
      <div className={classes.screen}>
        <Card component="section" aria-label="Question" className={classes.form}>
          {question.kind === "trend" && <TrendForm question={question} onChange={onChange} context={context} />}
          {question.kind === "funnel" && <FunnelForm question={question} onChange={onChange} context={context} />}
          {question.kind === "retention" && <RetentionForm question={question} onChange={onChange} context={context} />}
          <RangePicker range={question.range} onChange={(range) => onChange({ ...question, range })} zone={zone} />
          {question.kind === "trend" && (
            <SegmentedControl
              size="xs"
              fullWidth
              aria-label="How it is shown"
              value={chart}
              onChange={(next) => onChart(next as Chart)}
              data={[
                { value: "line", label: "Lines" },
                { value: "bar", label: "Bars" },
                { value: "table", label: "Table" },
              ]}
            />
          )}
        </Card>
        <div className={classes.result}>
          {isComplete(question) ? (
            <Result question={settled} asked={asked} chart={chart} environment={environment} />
          ) : (
            <EmptyState title="What do you want to know?">
              {KINDS[question.kind].sentence} Choose an event, and the answer appears here.
            </EmptyState>
          )}
        </div>
      </div>
    </ProblemsContext.Provider>
  );
}

type Asked = {
  data: Answered | undefined;
  error: Error | null;
  isError: boolean;
  isFetching: boolean;
  isPlaceholderData: boolean;
  refetch: () => unknown;
};

type ResultProps = { question: Question; asked: Asked; chart: Chart; environment: string };

function Result({ question, asked, chart, environment }: ResultProps) {
  const [number, setNumber] = useState<{ question: Question; of: NumberOf } | null>(null);
  const { data, error, isError, isFetching } = asked;
  if (isError) {
    return <Refused error={error} asked={asked} />;
  }
  if (data === undefined || !isOf(question, data)) {
    return (
      <>
        <Loading shape="cards" />
        <Waiting />
      </>
    );
  }
  const show = (of: NumberOf) => setNumber({ question, of });
  return (
    <>
      {isFetching && <Waiting />}
      {isEmpty(question, data) ? (
        <EmptyState title="Nothing happened in this time">
          No event of this question lies within the range. Choose a longer one, or fewer conditions.
        </EmptyState>
      ) : (
        <div className={classes.result} data-behind={asked.isPlaceholderData || undefined} aria-busy={isFetching}>
          <AnswerCard title={title(question)} question={question} answered={data}>
            {question.kind === "trend" && <TrendView question={question} answered={data} chart={chart} show={show} />}
            {question.kind === "funnel" && <FunnelView question={question} answered={data} show={show} />}
            {question.kind === "retention" && <RetentionView question={question} answered={data} show={show} />}
          </AnswerCard>
        </div>
      )}
      <BehindDrawer
        key={environment}
        question={number?.question ?? question}
        number={number?.of ?? null}
        onClose={() => setNumber(null)}
      />
    </>
  );
}

function Refused({ error, asked }: { error: Error | null; asked: Asked }) {
  if (error instanceof Problem && error.code === "query_too_large") {
    return (
      <Alert color="amber" title="This question is too large">
        {explain(error)} Choose a shorter range, a longer interval or fewer parts.
      </Alert>
    );
  }
  if (error instanceof Problem && error.errors.length > 0) {
    return (
      <Alert color="amber" title="This question cannot be asked yet">
        What is wrong is marked at its field.
      </Alert>
    );
  }
  return (
    <ErrorState
      error={error}
      kept="Your question is kept."
      retry={() => void asked.refetch()}
      retrying={asked.isFetching}
    />
  );
}

const PATIENCE_S = 3;

/** What takes longer than three seconds says how long it has taken. */
function Waiting() {
  const [waited, setWaited] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setWaited((before) => before + 1), 1_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <Text size="sm" c="dimmed" role="status">
      {waited >= PATIENCE_S ? `Still counting, ${waited} seconds so far.` : ""}
    </Text>
  );
}

/** While another kind of answer is still shown, it is no answer to this question. */
function isOf(question: Question, { answer }: Answered): boolean {
  const key = { trend: "series", funnel: "steps", retention: "cohorts" }[question.kind];
  if (!(key in answer)) {
    return false;
  }
  return question.kind !== "funnel" || (answer as FunnelAnswer).steps.length === question.steps.length;
}

function isEmpty(question: Question, { answer }: Answered): boolean {
  switch (question.kind) {
    case "trend":
      return [...(answer as TrendAnswer).series, ...((answer as TrendAnswer).before ?? [])].every(
        (one) => one.total === 0 && one.points.every((point) => point.value === 0),
      );
    case "funnel":
      return (answer as FunnelAnswer).steps.every((step) => step.count === 0);
    case "retention":
      return (answer as RetentionAnswer).cohorts.length === 0;
  }
}
