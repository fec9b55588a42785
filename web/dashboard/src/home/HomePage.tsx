/** Home: what happened lately, or the next step of a new installation. */
import { Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { contentListQuery } from "../content/content";
import { LinkButton, PLACE } from "../frame/links";
import { Page, PageHead } from "../frame/PageHead";
import { usePlace } from "../frame/place";
import { EmptyState } from "../states/EmptyState";
import { Loaded } from "../states/Loaded";
import { DemoChecklist } from "./DemoChecklist";
import { EventsPerDay } from "./EventsPerDay";
import { eventCountsQuery } from "./events";
import { LiveContent } from "./LiveContent";

export function HomePage() {
  const { me, app, environment } = usePlace();
  const counts = useQuery(eventCountsQuery(environment.id));
  const content = useQuery(contentListQuery(environment.id));
  return (
    <Page>
      <PageHead title="Home" sentence={`What happened in ${app.name}, ${environment.name}, in the last 30 days.`} />
      <Stack gap="lg">
        {me.demo && <DemoChecklist />}
        <Loaded query={counts} skeleton="cards">
          {({ data }) => (data.length === 0 ? <FirstStep /> : <EventsPerDay counts={data} />)}
        </Loaded>
        {content.data && counts.data?.data.length !== 0 && <LiveContent content={content.data} />}
      </Stack>
    </Page>
  );
}

function FirstStep() {
  return (
    <EmptyState
      title="Add the tag to your page"
      action={
        <LinkButton from={PLACE} to="./settings">
          Get the tag
        </LinkButton>
      }
    >
      One line of HTML lets Pilotfish show flows and surveys to the right people, and tells you here what they do.
      Nothing has been heard from this environment yet.
    </EmptyState>
  );
}
