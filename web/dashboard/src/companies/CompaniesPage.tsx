/** Companies: the accounts that people belong to. */
import { Button, Card, Table, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { LinkAnchor, LinkButton, PLACE } from "../frame/links";
import { Page, PageHead } from "../frame/PageHead";
import { useEnvironmentId } from "../frame/place";
import { EmptyState } from "../states/EmptyState";
import { Loaded } from "../states/Loaded";
import { Time } from "../time/Time";
import { type Company, companiesQuery, companyName, idOf } from "./companies";

export function CompaniesPage() {
  const [text, setText] = useState("");
  const [search] = useDebouncedValue(text.trim(), 250);
  const companies = useInfiniteQuery({
    ...companiesQuery(useEnvironmentId(), search),
    placeholderData: keepPreviousData,
  });
  return (
    <Page>
      <PageHead title="Companies" sentence="The accounts that your people belong to." />
      <TextInput
        mb="md"
        maw={420}
        type="search"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        leftSection={<IconSearch size={16} stroke={1.75} />}
        placeholder="The exact id"
        aria-label="Search companies by exact id"
      />
      <Loaded query={companies}>
        {({ pages }) => {
          const all = pages.flatMap((page) => page.data);
          if (all.length === 0) {
            return search ? <Card>No company has exactly the id “{search}”.</Card> : <None />;
          }
          return (
            <>
              <Card padding={0}>
                <CompaniesTable companies={all} />
              </Card>
              {companies.hasNextPage && (
                <Button
                  variant="default"
                  mt="md"
                  onClick={() => void companies.fetchNextPage()}
                  loading={companies.isFetchingNextPage}
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

function CompaniesTable({ companies }: { companies: Company[] }) {
  return (
    <Table highlightOnHover>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Company</Table.Th>
          <Table.Th visibleFrom="sm">Id</Table.Th>
          <Table.Th>Last seen</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {companies.map((company) => (
          <Table.Tr key={company.id}>
            <Table.Td>
              <LinkAnchor from={PLACE} to="./companies/$id" params={{ id: company.id }} fw={550}>
                {companyName(company)}
              </LinkAnchor>
            </Table.Td>
            <Table.Td visibleFrom="sm">{idOf(company)}</Table.Td>
            <Table.Td>
              <Text span c="dimmed">
                <Time at={company.last_seen_at} />
              </Text>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function None() {
  return (
    <EmptyState
      title="No companies yet"
      action={
        <LinkButton from={PLACE} to="./settings">
          See the call
        </LinkButton>
      }
    >
      Tell us which company somebody belongs to with <code>pilotfish.group(id)</code>. Surveys and flows can then be
      shown by plan, size or anything else that you know about the account.
    </EmptyState>
  );
}
