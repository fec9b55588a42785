/** One person: what is known, what they did, what they may see and why. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { idOf } from "../companies/companies";
import { contentListQuery } from "../content/content";
import { LinkAnchor, LinkButton, PLACE } from "../frame/links";
import { Page, PageHead } from "../frame/PageHead";
import { useEnvironmentId } from "../frame/place";
import { Loaded } from "../states/Loaded";
import { isMissing, Missing } from "../states/Missing";
import { Time } from "../time/Time";
import { AttributesCard } from "./AttributesCard";
import { ContentState } from "./ContentState";
import classes from "./People.module.css";
import { personQuery } from "./people";
import { Timeline } from "./Timeline";

export function PersonPage() {
  const { id } = useParams({ from: `${PLACE}/people/$id` });
  const environment = useEnvironmentId();
  const person = useQuery(personQuery(environment, id));
  const content = useQuery(contentListQuery(environment));
  const navigate = useNavigate({ from: `${PLACE}/people/$id` });
  const own = person.data?.id;
  useEffect(() => {
    if (own && own !== id) {
      void navigate({ params: (before) => ({ ...before, id: own }), replace: true });
    }
  }, [own, id, navigate]);
  if (isMissing(person)) {
    return <MissingPerson />;
  }
  const names = new Map(content.data?.map((one) => [one.id, one.name]));
  const back = (
    <LinkAnchor from={PLACE} to="./people" size="sm">
      People
    </LinkAnchor>
  );
  return (
    <Page>
      <PageHead
        title={person.data?.external_id ?? (person.data ? "Anonymous" : "…")}
        back={back}
        sentence={
          person.data && (
            <>
              Last seen <Time at={person.data.last_seen_at} />, first <Time at={person.data.first_seen_at} />
              {person.data.company && (
                <>
                  , of{" "}
                  <LinkAnchor
                    from={PLACE}
                    to="./companies/$id"
                    params={{ id: person.data.company.id }}
                    underline="always"
                  >
                    {idOf(person.data.company)}
                  </LinkAnchor>
                </>
              )}
            </>
          )
        }
      />
      <Loaded query={person} skeleton="cards">
        {(one) => (
          <div className={classes.columns}>
            <Timeline person={id} names={names} />
            <div className={classes.side}>
              <AttributesCard key={id} attributes={one.attributes} personal={one.personal} person={id} />
              <ContentState person={id} />
            </div>
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function MissingPerson() {
  return (
    <Missing
      title="There is no such person"
      action={
        <LinkButton from={PLACE} to="./people">
          All people
        </LinkButton>
      }
    >
      Nobody in this environment has this id. They may be in another environment, or were not heard of yet.
    </Missing>
  );
}
