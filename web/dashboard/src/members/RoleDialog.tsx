/** Another role for a member, of those that whoever looks may give. */
import { Button, Group, Modal, Radio, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, take } from "../api/client";
import { usePlace } from "../frame/place";
import { Refusal } from "../session/Refusal";
import { type Member, membersQuery } from "./members";
import { mayGive, ROLES, type Role } from "./roles";

export function RoleDialog({ member, onClose }: { member: Member | undefined; onClose: () => void }) {
  return (
    <Modal
      opened={member !== undefined}
      onClose={onClose}
      title={<strong>{member ? `The role of ${member.name}` : ""}</strong>}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {member && <RoleForm member={member} onClose={onClose} />}
    </Modal>
  );
}

function RoleForm({ member, onClose }: { member: Member; onClose: () => void }) {
  const { me } = usePlace();
  const client = useQueryClient();
  const [role, setRole] = useState<Role>(member.role);
  const save = useMutation({
    mutationFn: () =>
      take(api.PUT("/api/v1/members/{id}/role", { params: { path: { id: member.id } }, body: { role } })),
    onSuccess: () => {
      onClose();
      notifications.show({ message: `${member.name} is ${ROLES[role].label.toLowerCase()} now.` });
    },
    onSettled: () => client.invalidateQueries({ queryKey: membersQuery.queryKey }),
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Stack>
        <Refusal
          error={save.error}
          words={{ last_owner: "An organisation keeps at least one owner: make somebody else one first." }}
        />
        <RolePicker roles={mayGive(me.role)} value={role} onChange={setRole} />
        <Text size="sm" c="dimmed">
          {member.you ? "Your sessions here end, this one too." : "Their sessions here end; they sign in again."}
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={role === member.role} loading={save.isPending}>
            Change the role
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

type PickerProps = { roles: Role[]; value: Role; onChange: (role: Role) => void };

export function RolePicker({ roles, value, onChange }: PickerProps) {
  return (
    <Radio.Group label="Role" value={value} onChange={(chosen) => onChange(chosen as Role)}>
      <Stack gap="xs" mt="xs">
        {roles.map((role) => (
          <Radio key={role} value={role} label={ROLES[role].label} description={ROLES[role].may} />
        ))}
      </Stack>
    </Radio.Group>
  );
}
