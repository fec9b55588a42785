/** What came back: figures, each question, and the latest answers, a second after they were given. */
import { Stack } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { count } from "../charts/number";
import { share } from "../content/ContentTable";
import { surveyQuery } from "../content/content";
import { Figures } from "../content/Figures";
import { MissingContent } from "../content/MissingContent";
import { ResultsHead } from "../content/ResultsHead";
import { PLACE } from "../frame/links";
import { Page } from "../frame/PageHead";
import { useEnvironmentId } from "../frame/place";
import { EmptyState } from "../states/EmptyState";
import { Loaded } from "../states/Loaded";
import { isMissing } from "../states/Missing";
import { AnswersCard } from "./AnswersCard";
import { QuestionCard } from "./QuestionCard";
import { type Results, revealTexts, surveyResultsQuery } from "./results";

export function SurveyResultsPage() {
  const { id } = useParams({ from: `${PLACE}/content/surveys/$id/results` });
  const environment = useEnvironmentId();
  const survey = useQuery(surveyQuery(environment, id));
  const results = useQuery(surveyResultsQuery(environment, id));
  if (isMissing(survey)) {
    return <MissingContent kind="survey" />;
  }
  return (
    <Page>
      <ResultsHead content={survey.data} kind="survey" id={id} />
      <Loaded query={results} skeleton="cards">
        {(data) =>
          data.shown === 0 && data.started === 0 ? (
            <EmptyState title="No answers yet">
              Answers appear here a second after they are given. Nobody was shown this survey so far.
            </EmptyState>
          ) : (
            <Questions id={id} results={data} />
          )
        }
      </Loaded>
    </Page>
  );
}

function Questions({ id, results }: { id: string; results: Results }) {
  const look = useMutation({ mutationFn: () => revealTexts(id) });
  const texts = { opened: look.data, reveal: () => look.mutate(), pending: look.isPending, error: look.error };
  return (
    <Stack gap="lg">
      <Figures
        figures={[
          { label: "Shown", value: count(results.shown) },
          { label: "Started", value: count(results.started), note: share(results.started, results.shown) },
          { label: "Completed", value: count(results.completed), note: share(results.completed, results.shown) },
          { label: "Dismissed", value: count(results.dismissed), note: share(results.dismissed, results.shown) },
        ]}
      />
      {results.questions.map((question) => (
        <QuestionCard key={question.id} question={question} texts={texts} />
      ))}
      <AnswersCard results={results} texts={texts} />
    </Stack>
  );
}
