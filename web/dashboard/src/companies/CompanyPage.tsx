/** One company: its attributes and its people. */
import { Button, Card, Text, Title } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { LinkAnchor, LinkButton, PLACE } from "../frame/links";
import { Page, PageHead } from "../frame/PageHead";
import { useEnvironmentId } from "../frame/place";
import { AttributesCard } from "../people/AttributesCard";
import classes from "../people/People.module.css";
import { PeopleTable } from "../people/PeopleTable";
import { Loaded } from "../states/Loaded";
import { isMissing, Missing } from "../states/Missing";
import { Time } from "../time/Time";
import { companyName, companyQuery, idOf, membersQuery } from "./companies";

export function CompanyPage() {
  const { id } = useParams({ from: `${PLACE}/companies/$id` });
  const company = useQuery(companyQuery(useEnvironmentId(), id));
  const navigate = useNavigate({ from: `${PLACE}/companies/$id` });
  const own = company.data?.id;
  useEffect(() => {
    if (own && own !== id) {
      void navigate({ params: (before) => ({ ...before, id: own }), replace: true });
    }
  }, [own, id, navigate]);
  if (isMissing(company)) {
    return <MissingCompany />;
  }
  return (
    <Page>
      <PageHead
        title={company.data ? companyName(company.data) : "…"}
        back={
          <LinkAnchor from={PLACE} to="./companies" size="sm">
            Companies
          </LinkAnchor>
        }
        sentence={
          company.data && (
            <>
              {idOf(company.data)}, last seen <Time at={company.data.last_seen_at} />, first{" "}
              <Time at={company.data.first_seen_at} />
            </>
          )
        }
      />
      <Loaded query={company} skeleton="cards">
        {(one) => (
          <div className={classes.columns}>
            <Members company={id} />
            <div className={classes.side}>
              <AttributesCard attributes={one.attributes} personal={one.personal} />
            </div>
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function Members({ company }: { company: string }) {
  const people = useInfiniteQuery(membersQuery(useEnvironmentId(), company));
  return (
    <Card component="section" aria-label="People of this company" padding={0}>
      <Title order={2} p="lg" pb="xs">
        People
      </Title>
      <Loaded query={people}>
        {({ pages }) => {
          const all = pages.flatMap((page) => page.data);
          return all.length === 0 ? (
            <Text c="dimmed" px="lg" pb="lg">
              Nobody was seen with this company yet.
            </Text>
          ) : (
            <>
              <PeopleTable people={all} company={false} />
              {people.hasNextPage && (
                <Button variant="subtle" m="sm" size="xs" onClick={() => void people.fetchNextPage()}>
                  Show more
                </Button>
              )}
            </>
          );
        }}
      </Loaded>
    </Card>
  );
}

function MissingCompany() {
  return (
    <Missing
      title="There is no such company"
      action={
        <LinkButton from={PLACE} to="./companies">
          All companies
        </LinkButton>
      }
    >
      No company in this environment has this id. It may be in another environment, or was not heard of yet.
    </Missing>
  );
}
