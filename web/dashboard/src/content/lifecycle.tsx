/** Publish, pause, delete and its undo, with what the lists show kept true. */
import { Button, Group } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { explain } from "../api/problem";
import { useEnvironmentId } from "../frame/place";
import { type Content, contentKeys, contentListQuery, pause, publish, remove, restore } from "./content";

const UNDO_MS = 10_000;

export function useKeep() {
  const client = useQueryClient();
  const environment = useEnvironmentId();
  return (content: Content) => {
    client.setQueryData(contentKeys.one(environment, content.kind, content.id), content);
    void client.invalidateQueries({ queryKey: contentListQuery(environment).queryKey });
  };
}

export function usePublish() {
  const keep = useKeep();
  return useMutation({ mutationFn: publish, onSuccess: keep });
}

export function usePause() {
  const keep = useKeep();
  return useMutation({
    mutationFn: pause,
    onSuccess: (content) => {
      keep(content);
      notifications.show({ message: `“${content.name}” is paused: nobody new is shown it.` });
    },
    onError: (error) => notifications.show({ color: "coral", title: "Not paused", message: explain(error) }),
  });
}

/** Gone from the list at once; ten seconds to take it back here, 30 days on the server. */
export function useRemove() {
  const client = useQueryClient();
  const environment = useEnvironmentId();
  const list = contentListQuery(environment).queryKey;
  const keep = useKeep();
  return useMutation({
    mutationFn: (content: Content) => remove(content),
    onMutate: async (content) => {
      await client.cancelQueries({ queryKey: list });
      client.setQueryData(list, (all) => all?.filter((one) => one.id !== content.id));
    },
    onSuccess: (_nothing, content) => offerUndo(content, keep),
    onError: (error, content) =>
      notifications.show({ color: "coral", title: `“${content.name}” was not deleted`, message: explain(error) }),
    onSettled: () => client.invalidateQueries({ queryKey: list }),
  });
}

function offerUndo(content: Content, keep: (content: Content) => void): void {
  const id = `deleted-${content.id}`;
  const undo = async () => {
    notifications.hide(id);
    try {
      keep(await restore(content));
    } catch (error) {
      notifications.show({ color: "coral", title: `“${content.name}” was not restored`, message: explain(error) });
    }
  };
  notifications.show({
    id,
    autoClose: UNDO_MS,
    message: (
      <Group justify="space-between" wrap="nowrap">
        <span>“{content.name}” is deleted. Its answers are kept for 30 days.</span>
        <Button size="compact-sm" variant="default" flex="none" onClick={() => void undo()}>
          Undo
        </Button>
      </Group>
    ),
  });
}
