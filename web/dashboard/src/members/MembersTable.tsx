/** The team: role, second factor, last use, and what may be done with each. */
import { Badge, Table, Text, VisuallyHidden } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { focusPage, useFocusAfterRemoval } from "../frame/focus";
import { usePlace, useRenewMe } from "../frame/place";
import { Time } from "../time/Time";
import { ChangeDialog } from "./ChangeDialog";
import { MemberMenu } from "./MemberMenu";
import classes from "./Members.module.css";
import type { Change, Member } from "./members";
import { RoleDialog } from "./RoleDialog";
import { mayChange, mayManageMembers, ROLES } from "./roles";

type Asked = { member: Member; change: Change | "role" };

export function MembersTable({ members }: { members: Member[] }) {
  const { me } = usePlace();
  const renewMe = useRenewMe();
  const [asked, setAsked] = useState<Asked>();
  const leaving = useFocusAfterRemoval(
    members.map(({ id }) => id),
    focusPage,
  );
  const close = () => setAsked(undefined);
  const done = (member: Member, change: Change) => {
    if (change === "remove") {
      leaving(member.id);
    }
    if (change === "ownership") {
      void renewMe();
    }
    close();
    notifications.show({ message: DONE[change](member.name) });
  };
  return (
    <>
      <Table className={classes.table}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Member</Table.Th>
            <Table.Th className={classes.wide}>Role</Table.Th>
            <Table.Th className={classes.wide}>Second factor</Table.Th>
            <Table.Th>Last here</Table.Th>
            {mayManageMembers(me.role) && (
              <Table.Th>
                <VisuallyHidden>Actions</VisuallyHidden>
              </Table.Th>
            )}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {members.map((member) => (
            <Table.Tr key={member.id} data-item={member.id}>
              <Table.Td>
                <Who member={member} />
              </Table.Td>
              <Table.Td className={classes.wide}>{ROLES[member.role].label}</Table.Td>
              <Table.Td className={classes.wide}>
                <span className={member.mfa === "none" ? classes.warn : undefined}>{FACTORS[member.mfa]}</span>
              </Table.Td>
              <Table.Td>
                <Text span c="dimmed">
                  {member.last_used_at ? <Time at={member.last_used_at} /> : "never"}
                </Text>
              </Table.Td>
              {mayManageMembers(me.role) && (
                <Table.Td>
                  {mayChange(me.role, member.role) && (
                    <MemberMenu member={member} mine={me.role} onChoose={(change) => setAsked({ member, change })} />
                  )}
                </Table.Td>
              )}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <RoleDialog member={asked?.change === "role" ? asked.member : undefined} onClose={close} />
      <ChangeDialog
        asked={asked && asked.change !== "role" ? { ...asked, change: asked.change } : undefined}
        onDone={done}
        onClose={close}
      />
    </>
  );
}

const FACTORS: Record<Member["mfa"], string> = {
  none: "none",
  any: "authenticator app",
  phishing_resistant: "passkey or key",
};
const DONE: Record<Change, (name: string) => string> = {
  suspend: (name) => `${name} is suspended and signed out.`,
  resume: (name) => `${name} may work here again.`,
  ownership: (name) => `${name} is the owner now, and you are an admin.`,
  remove: (name) => `${name} is removed and signed out.`,
};

function Who({ member }: { member: Member }) {
  return (
    <>
      <div className={classes.line}>
        <Text span fw={550}>
          {member.name}
        </Text>
        {member.you && <Badge color="sea">you</Badge>}
        {member.state === "suspended" && <Badge color="coral">suspended</Badge>}
      </div>
      <div className={classes.email}>{member.email}</div>
      <div className={classes.small}>
        {ROLES[member.role].label}, second factor: {FACTORS[member.mfa]}
      </div>
    </>
  );
}
