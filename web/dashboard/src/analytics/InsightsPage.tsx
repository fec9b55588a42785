/** The questions that the team keeps, and where a new one begins. */
import { Button, Card, Menu, Table, Text } from "@mantine/core";
import { IconArrowsShuffle, IconChartLine, IconChevronDown, IconFilter } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { LinkAnchor, PLACE } from "../frame/links";
import { Page, PageHead } from "../frame/PageHead";
import { useEnvironmentId } from "../frame/place";
import { EmptyState } from "../states/EmptyState";
import { Loaded } from "../states/Loaded";
import { Time } from "../time/Time";
import classes from "./Analytics.module.css";
import { KINDS, type Kind } from "./question";
import { type Report, reportsQuery } from "./reports";

const ICONS = { trend: IconChartLine, funnel: IconFilter, retention: IconArrowsShuffle };

export function InsightsPage() {
  const reports = useQuery(reportsQuery(useEnvironmentId()));
  return (
    <Page>
      <PageHead
        title="Insights"
        sentence="What people do in your product: questions that you ask, and those that your team keeps."
        action={reports.data && reports.data.length > 0 ? <AskButton /> : undefined}
      />
      <Loaded query={reports}>
        {(all) =>
          all.length === 0 ? (
            <EmptyState title="No question is saved yet" action={<AskButton />}>
              Ask how often something happens, how many go all the way, or who comes back. Save a question to have its
              answer at hand, and to share it with your team.
            </EmptyState>
          ) : (
            <Card padding={0}>
              <ReportsTable reports={all} />
            </Card>
          )
        }
      </Loaded>
      {reports.data && (
        <Text size="sm" mt="md">
          <LinkAnchor from={PLACE} to="./insights/deleted">
            Deleted in the last 30 days
          </LinkAnchor>
        </Text>
      )}
    </Page>
  );
}

function AskButton() {
  const navigate = useNavigate({ from: PLACE });
  return (
    <Menu position="bottom-end" width={320}>
      <Menu.Target>
        <Button rightSection={<IconChevronDown size={16} />}>Ask a question</Button>
      </Menu.Target>
      <Menu.Dropdown>
        {(Object.keys(KINDS) as Kind[]).map((kind) => {
          const Icon = ICONS[kind];
          return (
            <Menu.Item
              key={kind}
              leftSection={<Icon size={18} stroke={1.75} />}
              onClick={() => void navigate({ to: "./insights/new/$kind", params: { kind } })}
            >
              <Text fw={550}>{KINDS[kind].label}</Text>
              <Text size="xs" c="dimmed">
                {KINDS[kind].sentence}
              </Text>
            </Menu.Item>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}

function ReportsTable({ reports }: { reports: Report[] }) {
  return (
    <Table highlightOnHover>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Name</Table.Th>
          <Table.Th>Kind</Table.Th>
          <Table.Th className={classes.wide}>Changed</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {reports.map((report) => (
          <Table.Tr key={report.id}>
            <Table.Td className={classes.name}>
              <LinkAnchor from={PLACE} to="./insights/$id" params={{ id: report.id }} fw={550}>
                {report.name}
              </LinkAnchor>
            </Table.Td>
            <Table.Td>{KINDS[report.question.kind].label}</Table.Td>
            <Table.Td className={classes.wide}>
              <Text span c="dimmed">
                <Time at={report.updated_at} />
              </Text>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
