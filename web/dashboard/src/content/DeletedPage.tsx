/** What was deleted lately and can be had back, with when that ends. */
import { Button, Card, Table, Text, VisuallyHidden } from "@mantine/core";
import { IconArrowBackUp } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useFocusAfterRemoval } from "../frame/focus";
import { LinkAnchor, LinkButton, PLACE } from "../frame/links";
import { Page, PageHead } from "../frame/PageHead";
import { useEnvironmentId } from "../frame/place";
import { EmptyState } from "../states/EmptyState";
import { Loaded } from "../states/Loaded";
import { Time } from "../time/Time";
import { KindIcon } from "./ContentTable";
import classes from "./ContentTable.module.css";
import { type Content, deletedContentQuery } from "./content";
import { useRestore } from "./lifecycle";

export function DeletedPage() {
  const deleted = useQuery(deletedContentQuery(useEnvironmentId()));
  const removing = useFocusAfterRemoval(deleted.data?.map(({ id }) => id) ?? []);
  return (
    <Page>
      <PageHead
        title="Deleted content"
        sentence="What was deleted is kept for 30 days, with its answers. Restored, it is paused until you publish it."
        back={
          <LinkAnchor from={PLACE} to="./content" size="sm">
            Content
          </LinkAnchor>
        }
      />
      <Loaded query={deleted}>
        {(all) =>
          all.length === 0 ? (
            <EmptyState
              title="Nothing was deleted in the last 30 days"
              action={
                <LinkButton from={PLACE} to="./content" variant="default">
                  All content
                </LinkButton>
              }
            >
              A survey or flow that you delete is out of sight at once, and waits here in case that was a mistake.
            </EmptyState>
          ) : (
            <Card padding={0}>
              <DeletedTable content={all} onRestore={removing} />
            </Card>
          )
        }
      </Loaded>
    </Page>
  );
}

function DeletedTable({ content, onRestore }: { content: Content[]; onRestore: (id: string) => void }) {
  return (
    <Table className={classes.table} highlightOnHover>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Name</Table.Th>
          <Table.Th className={classes.wide}>Deleted</Table.Th>
          <Table.Th>Kept until</Table.Th>
          <Table.Th>
            <VisuallyHidden>Actions</VisuallyHidden>
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {content.map((one) => (
          <Table.Tr key={one.id} data-item={one.id}>
            <Table.Td>
              <div className={classes.name}>
                <KindIcon kind={one.kind} />
                <Text fw={550}>{one.name}</Text>
              </div>
            </Table.Td>
            <Table.Td className={classes.wide}>
              <Text span c="dimmed">
                {one.deleted_at && <Time at={one.deleted_at} />}
              </Text>
            </Table.Td>
            <Table.Td>
              <Text span c="dimmed">
                {one.restorable_until && <Time at={one.restorable_until} />}
              </Text>
            </Table.Td>
            <Table.Td className={classes.actions}>
              <Restore content={one} onRestore={() => onRestore(one.id)} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Restore({ content, onRestore }: { content: Content; onRestore: () => void }) {
  const restore = useRestore();
  return (
    <Button
      size="compact-sm"
      variant="default"
      leftSection={<IconArrowBackUp size={15} stroke={1.75} />}
      loading={restore.isPending}
      aria-label={`Restore ${content.name}`}
      onClick={() => {
        onRestore();
        restore.mutate(content);
      }}
    >
      Restore
    </Button>
  );
}
