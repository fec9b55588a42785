/** People, the last seen first; found by id or by exact e-mail. */
import { Button, Card, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { LinkButton, PLACE } from "../frame/links";
import { Page, PageHead } from "../frame/PageHead";
import { useEnvironmentId } from "../frame/place";
import { EmptyState } from "../states/EmptyState";
import { Loaded } from "../states/Loaded";
import { PeopleTable } from "./PeopleTable";
import { isEmail, peopleQuery } from "./people";

export function PeoplePage() {
  const environment = useEnvironmentId();
  const [text, setText] = useState("");
  const [search] = useDebouncedValue(text.trim(), 250);
  const people = useInfiniteQuery({ ...peopleQuery(environment, search), placeholderData: keepPreviousData });

  return (
    <Page>
      <PageHead title="People" sentence="Everybody your product told us about, the last seen first." />
      <TextInput
        mb="md"
        maw={420}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        leftSection={<IconSearch size={16} stroke={1.75} />}
        placeholder="The exact id or e-mail"
        aria-label="Search people by exact id or e-mail"
        description={isEmail(text) ? "E-mails are sealed: only the exact address is found." : undefined}
        inputWrapperOrder={["input", "description"]}
        type="search"
      />
      <Loaded query={people}>
        {({ pages }) => {
          const all = pages.flatMap((page) => page.data);
          if (all.length === 0) {
            return search ? <NotFound search={search} /> : <Nobody />;
          }
          return (
            <>
              <Card padding={0}>
                <PeopleTable people={all} />
              </Card>
              {people.hasNextPage && (
                <Button
                  variant="default"
                  mt="md"
                  onClick={() => void people.fetchNextPage()}
                  loading={people.isFetchingNextPage}
                >
                  Show more
                </Button>
              )}
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}

function NotFound({ search }: { search: string }) {
  return (
    <Card>
      <Text>
        {isEmail(search)
          ? "Nobody has exactly this e-mail. Check the spelling: parts of an address cannot be searched."
          : `Nobody has exactly the id “${search}”.`}
      </Text>
    </Card>
  );
}

function Nobody() {
  return (
    <EmptyState
      title="Nobody yet"
      action={
        <LinkButton from={PLACE} to="./settings">
          Add the tag
        </LinkButton>
      }
    >
      People appear here when your page or your server identifies them. You see who they are to you, what they did, and
      why a survey was or was not shown to them.
    </EmptyState>
  );
}
