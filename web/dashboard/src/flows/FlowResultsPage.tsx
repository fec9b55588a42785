/** How far people came: figures and the funnel over the steps. */
import { Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { RankedBars } from "../charts/bars";
import { ChartCard } from "../charts/ChartCard";
import { count } from "../charts/number";
import { share } from "../content/ContentTable";
import { flowQuery } from "../content/content";
import { Figures } from "../content/Figures";
import { MissingContent } from "../content/MissingContent";
import { ResultsHead } from "../content/ResultsHead";
import { PLACE } from "../frame/links";
import { Page } from "../frame/PageHead";
import { useEnvironmentId } from "../frame/place";
import { EmptyState } from "../states/EmptyState";
import { Loaded } from "../states/Loaded";
import { isMissing } from "../states/Missing";
import { type FlowResults, flowResultsQuery, funnel } from "./results";

export function FlowResultsPage() {
  const { id } = useParams({ from: `${PLACE}/content/flows/$id/results` });
  const environment = useEnvironmentId();
  const flow = useQuery(flowQuery(environment, id));
  const results = useQuery(flowResultsQuery(environment, id));
  if (isMissing(flow)) {
    return <MissingContent kind="flow" />;
  }
  return (
    <Page>
      <ResultsHead content={flow.data} kind="flow" id={id} />
      <Loaded query={results} skeleton="cards">
        {(data) =>
          data.shown === 0 ? (
            <EmptyState title="Nobody yet">
              As soon as somebody meets this flow, you see here how far people come and where they leave.
            </EmptyState>
          ) : (
            <Stack gap="lg">
              <Figures
                figures={[
                  { label: "Shown", value: count(data.shown) },
                  { label: "Completed", value: count(data.completed), note: share(data.completed, data.shown) },
                  { label: "Dismissed", value: count(data.dismissed), note: share(data.dismissed, data.shown) },
                ]}
              />
              <Funnel results={data} />
            </Stack>
          )
        }
      </Loaded>
    </Page>
  );
}

const percent = (part: number) => `${Math.round(part * 100)} %`;

function Funnel({ results }: { results: FlowResults }) {
  const steps = funnel(results);
  return (
    <ChartCard
      title="How far people came"
      unit="People who reached each step, and their share of those who saw the first"
      file="funnel"
      table={{
        columns: ["Step", "People", "Of the first (%)", "Of the step before (%)"],
        rows: steps.map((step) => [
          step.label,
          step.reached,
          Math.round(step.ofFirst * 1000) / 10,
          step.ofPrevious === null ? null : Math.round(step.ofPrevious * 1000) / 10,
        ]),
      }}
    >
      <RankedBars
        title="How far people came"
        points={steps.map((step) => ({
          label: step.label,
          value: step.reached,
          exact: `${step.label}: ${count(step.reached)} people, ${percent(step.ofFirst)} of the first step${
            step.ofPrevious === null ? "" : `, ${percent(step.ofPrevious)} of the step before`
          }`,
          direct: `${count(step.reached)} · ${percent(step.ofFirst)}`,
        }))}
      />
    </ChartCard>
  );
}
