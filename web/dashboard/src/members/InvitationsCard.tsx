/** Invitations that wait for an answer. Not there while there are none. */
import { Badge, Button, Card, Table, Text, Title, VisuallyHidden } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, take } from "../api/client";
import { explain } from "../api/problem";
import { focusPage, useFocusAfterRemoval } from "../frame/focus";
import { usePlace } from "../frame/place";
import { ErrorState } from "../states/ErrorState";
import { absolute, date } from "../time/format";
import classes from "./Members.module.css";
import { type Invitation, invitationsQuery } from "./members";
import { mayManageMembers, ROLES } from "./roles";

export function InvitationsCard() {
  const invitations = useQuery(invitationsQuery);
  if (invitations.data === undefined) {
    return invitations.isError ? (
      <ErrorState
        error={invitations.error}
        retry={() => void invitations.refetch()}
        retrying={invitations.isFetching}
      />
    ) : null;
  }
  return invitations.data.data.length > 0 ? <Waiting invitations={invitations.data.data} /> : null;
}

function Waiting({ invitations }: { invitations: Invitation[] }) {
  const { me } = usePlace();
  const client = useQueryClient();
  const leaving = useFocusAfterRemoval(
    invitations.map(({ id }) => id),
    focusPage,
  );
  const withdraw = useMutation({
    mutationFn: ({ id }: Invitation) => take(api.DELETE("/api/v1/invitations/{id}", { params: { path: { id } } })),
    onSuccess: (_nothing, { id, email }) => {
      leaving(id);
      notifications.show({ message: `The invitation of ${email} is withdrawn.` });
    },
    onError: (error, { email }) =>
      notifications.show({ color: "coral", title: `${email} is still invited`, message: explain(error) }),
    onSettled: () => client.invalidateQueries({ queryKey: invitationsQuery.queryKey }),
  });
  const may = mayManageMembers(me.role);
  return (
    <Card padding={0} component="section" aria-label="Invitations">
      <Title order={2} px="md" pt="md">
        {invitations.length === 1 ? "One invitation waits" : `${invitations.length} invitations wait`}
      </Title>
      <Table className={classes.table}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Invited</Table.Th>
            <Table.Th className={classes.wide}>Role</Table.Th>
            <Table.Th>Until</Table.Th>
            {may && (
              <Table.Th>
                <VisuallyHidden>Actions</VisuallyHidden>
              </Table.Th>
            )}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {invitations.map((one) => (
            <Table.Tr key={one.id} data-item={one.id}>
              <Table.Td>
                <div className={classes.line}>
                  <Text span>{one.email}</Text>
                  {one.sent_at === null && <Badge color="gray">not mailed</Badge>}
                </div>
                <div className={classes.small}>{ROLES[one.role].label}</div>
              </Table.Td>
              <Table.Td className={classes.wide}>{ROLES[one.role].label}</Table.Td>
              <Table.Td>
                <time dateTime={one.expires_at} title={absolute(new Date(one.expires_at))}>
                  {date(new Date(one.expires_at))}
                </time>
              </Table.Td>
              {may && (
                <Table.Td>
                  <Button
                    variant="default"
                    size="xs"
                    onClick={() => withdraw.mutate(one)}
                    loading={withdraw.isPending && withdraw.variables.id === one.id}
                    aria-label={`Withdraw the invitation of ${one.email}`}
                  >
                    Withdraw
                  </Button>
                </Table.Td>
              )}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}
