/** A question beside its answer: what is changed on the left is asked at once. */
import { Alert, Card, SegmentedControl, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { hashKey, keepPreviousData, useQuery } from "@tanstack/react-query";
import { useContext, useEffect, useState } from "react";
import { explain, Problem } from "../api/problem";
import { assign, ProblemsContext, useProblem } from "../content/problems";
import { useEnvironmentId } from "../frame/place";
import { EmptyState } from "../states/EmptyState";
import { ErrorState } from "../states/ErrorState";
import { Loading } from "../states/Loading";
import classes from "./Analytics.module.css";
import { AnswerCard } from "./AnswerCard";
import {
  answerQuery,
  type FunnelAnswer,
  type Number as NumberOf,
  type RetentionAnswer,
  type Told,
  type TrendAnswer,
} from "./answer";
import { BehindDrawer } from "./BehindDrawer";
import { FunnelView } from "./FunnelView";
import { FunnelForm, RetentionForm, TrendForm } from "./forms";
import { placesOf } from "./places";
import { isComplete, KINDS, type Question } from "./question";
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
  const problems = assign(refused, placesOf(question));
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
            <Result question={question} asked={asked} chart={chart} environment={environment} />
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
  data: Told | undefined;
  error: Error | null;
  isError: boolean;
  isFetching: boolean;
  refetch: () => unknown;
};

type ResultProps = { question: Question; asked: Asked; chart: Chart; environment: string };

/** An answer is shown with the question that it is to, until there is one to the question as it is now. */
function Result({ question: current, asked, chart, environment }: ResultProps) {
  const [number, setNumber] = useState<{ question: Question; of: NumberOf } | null>(null);
  const { data, error, isError, isFetching } = asked;
  if (isError) {
    return <Refused error={error} asked={asked} />;
  }
  const behind = data !== undefined && hashKey([data.question]) !== hashKey([current]);
  if (data === undefined || (behind && isEmpty(data))) {
    return (
      <>
        <Loading shape="cards" />
        <Waiting />
      </>
    );
  }
  const { question, answered, at } = data;
  const show = (of: NumberOf) => setNumber({ question, of });
  return (
    <>
      {isFetching && <Waiting />}
      {isEmpty(data) ? (
        <EmptyState title="Nothing happened in this time">
          No event of this question lies within the range. Choose a longer one, or fewer conditions.
        </EmptyState>
      ) : (
        <div className={classes.result} data-behind={behind || undefined} aria-busy={isFetching || behind}>
          <AnswerCard told={data} behind={behind}>
            {question.kind === "trend" && (
              <TrendView question={question} answered={answered} chart={chart} show={show} />
            )}
            {question.kind === "funnel" && <FunnelView question={question} answered={answered} show={show} />}
            {question.kind === "retention" && (
              <RetentionView question={question} answered={answered} at={at} show={show} />
            )}
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
  const elsewhere = useProblem("");
  const isMarked = [...useContext(ProblemsContext).keys()].some((place) => place !== "");
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
        {elsewhere} {isMarked && `What ${elsewhere ? "else " : ""}is wrong is marked at its field.`}
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

function isEmpty({ question, answered }: Told): boolean {
  switch (question.kind) {
    case "trend":
      return [...(answered as TrendAnswer).series, ...((answered as TrendAnswer).before ?? [])].every(
        (one) => one.total === 0 && one.points.every((point) => point.value === 0),
      );
    case "funnel":
      return (answered as FunnelAnswer).steps.every((step) => step.count === 0);
    case "retention":
      return (answered as RetentionAnswer).cohorts.length === 0;
  }
}
