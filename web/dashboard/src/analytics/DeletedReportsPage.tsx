/** Questions that were deleted lately and can be had back. */
import { Button, Card, Table, Text, VisuallyHidden } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconArrowBackUp } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { explain } from "../api/problem";
import { useFocusAfterRemoval } from "../frame/focus";
import { LinkAnchor, LinkButton, PLACE } from "../frame/links";
import { Page, PageHead } from "../frame/PageHead";
import { useEnvironmentId } from "../frame/place";
import { EmptyState } from "../states/EmptyState";
import { Loaded } from "../states/Loaded";
import { Time } from "../time/Time";
import classes from "./Analytics.module.css";
import { type Report, reportsQuery, restoreReport } from "./reports";

export function DeletedReportsPage() {
  const deleted = useQuery(reportsQuery(useEnvironmentId(), true));
  const removing = useFocusAfterRemoval(deleted.data?.map(({ id }) => id) ?? []);
  return (
    <Page>
      <PageHead
        title="Deleted questions"
        sentence="What was deleted is kept for 30 days."
        back={
          <LinkAnchor from={PLACE} to="./insights" size="sm">
            Insights
          </LinkAnchor>
        }
      />
      <Loaded query={deleted}>
        {(all) =>
          all.length === 0 ? (
            <EmptyState
              title="Nothing was deleted in the last 30 days"
              action={
                <LinkButton from={PLACE} to="./insights" variant="default">
                  All questions
                </LinkButton>
              }
            >
              A question that you delete is out of sight at once, and waits here in case that was a mistake.
            </EmptyState>
          ) : (
            <Card padding={0}>
              <Table highlightOnHover>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Name</Table.Th>
                    <Table.Th className={classes.wide}>Deleted</Table.Th>
                    <Table.Th>
                      <VisuallyHidden>Actions</VisuallyHidden>
                    </Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {all.map((report) => (
                    <DeletedRow key={report.id} report={report} onRestore={() => removing(report.id)} />
                  ))}
                </Table.Tbody>
              </Table>
            </Card>
          )
        }
      </Loaded>
    </Page>
  );
}

function DeletedRow({ report, onRestore }: { report: Report; onRestore: () => void }) {
  const environment = useEnvironmentId();
  const client = useQueryClient();
  const restore = useMutation({
    mutationFn: () => restoreReport(report.id),
    onSuccess: () => {
      onRestore();
      notifications.show({ message: `“${report.name}” is back.` });
      return client.invalidateQueries({ queryKey: [environment, "reports"] });
    },
    onError: (error) => notifications.show({ color: "coral", title: "Not restored", message: explain(error) }),
  });
  return (
    <Table.Tr data-item={report.id}>
      <Table.Td className={classes.name}>
        <Text fw={550}>{report.name}</Text>
      </Table.Td>
      <Table.Td className={classes.wide}>
        <Text span c="dimmed">
          {report.deleted_at && <Time at={report.deleted_at} />}
        </Text>
      </Table.Td>
      <Table.Td className={classes.right}>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconArrowBackUp size={14} />}
          loading={restore.isPending}
          aria-label={`Restore ${report.name}`}
          onClick={() => restore.mutate()}
        >
          Restore
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}
