/** Asks once before something that cannot be taken back, by its name. A refusal is said in the dialog, which stays. */
import { Alert, Button, Group, Modal, Stack } from "@mantine/core";
import type { ReactNode } from "react";
import { explain } from "../api/problem";

type Props = {
  opened: boolean;
  title: string;
  children: ReactNode;
  action: string;
  /** Whether something or somebody is the worse for it. */
  danger?: boolean;
  error: unknown;
  busy: boolean;
  onConfirm: () => void;
  onClose: () => void;
};

export function Confirm({ opened, title, children, action, danger = true, error, busy, onConfirm, onClose }: Props) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={<strong>{title}</strong>}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Stack>
        <div>{children}</div>
        {error ? (
          <Alert color="coral" role="alert">
            {explain(error)} Nothing was changed.
          </Alert>
        ) : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Cancel
          </Button>
          <Button {...(danger ? { color: "coral.7" } : {})} loading={busy} onClick={onConfirm}>
            {action}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
