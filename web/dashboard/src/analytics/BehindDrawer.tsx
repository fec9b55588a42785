/** Who are these? The people behind a number, each with the way to their page. */
import { Button, Drawer, List, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { idOf } from "../companies/companies";
import { LinkAnchor, PLACE } from "../frame/links";
import { useEnvironmentId } from "../frame/place";
import { PeopleTable } from "../people/PeopleTable";
import { Loaded } from "../states/Loaded";
import { behindQuery, figure, type Number as NumberOf } from "./answer";
import type { Question } from "./question";

type Props = { question: Question; number: NumberOf | null; onClose: () => void };

export function BehindDrawer({ question, number, onClose }: Props) {
  return (
    <Drawer
      opened={number !== null}
      onClose={onClose}
      position="right"
      size="lg"
      title={<strong>Who are these?</strong>}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {number && <Behind key={JSON.stringify(number.of)} question={question} number={number} />}
    </Drawer>
  );
}

function Behind({ question, number }: { question: Question; number: NumberOf }) {
  const behind = useInfiniteQuery(behindQuery(useEnvironmentId(), question, number.of));
  return (
    <>
      <Text c="dimmed" mb="md">
        {number.name}
      </Text>
      <Loaded query={behind}>
        {({ pages }) => {
          const people = pages.flatMap((page) => page.people);
          const companies = pages.flatMap((page) => page.companies);
          const total = pages[0]?.total ?? 0;
          return (
            <>
              <Text mb="sm" fw={550}>
                {figure(total)}{" "}
                {companies.length > 0 ? words(total, "company", "companies") : words(total, "person", "people")}
              </Text>
              {people.length > 0 && <PeopleTable people={people} company={false} />}
              {companies.length > 0 && (
                <List spacing="xs">
                  {companies.map((company) => (
                    <List.Item key={company.id}>
                      <LinkAnchor from={PLACE} to="./companies/$id" params={{ id: company.id }}>
                        {idOf(company)}
                      </LinkAnchor>
                    </List.Item>
                  ))}
                </List>
              )}
              {total > 0 && people.length + companies.length === 0 && (
                <Text c="dimmed">Nothing more is known of them than what they did.</Text>
              )}
              {behind.hasNextPage && (
                <Button
                  variant="default"
                  mt="md"
                  onClick={() => void behind.fetchNextPage()}
                  loading={behind.isFetchingNextPage}
                >
                  Show more
                </Button>
              )}
            </>
          );
        }}
      </Loaded>
    </>
  );
}

const words = (count: number, one: string, many: string) => (count === 1 ? one : many);
