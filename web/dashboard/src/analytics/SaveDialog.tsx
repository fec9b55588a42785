/** A name for a question that is to be kept. */
import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useState } from "react";

type Props = {
  opened: boolean;
  title: string;
  name: string;
  saving: boolean;
  onSave: (name: string) => void;
  onClose: () => void;
};

const LONGEST = 200;

export function SaveDialog({ opened, title, onClose, ...form }: Props) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={<strong>{title}</strong>}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {opened && <NameForm {...form} onClose={onClose} />}
    </Modal>
  );
}

function NameForm({ name: before, saving, onSave, onClose }: Omit<Props, "opened" | "title">) {
  const [name, setName] = useState(before);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim()) {
          onSave(name.trim());
        }
      }}
    >
      <Stack>
        <TextInput
          label="Name"
          data-autofocus
          maxLength={LONGEST}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={saving} disabled={!name.trim()}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
