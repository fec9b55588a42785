/** Publish, pause, delete and its undo, with what the lists show kept true. */
import { Button, Group } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { explain } from "../api/problem";
import { focusItem, focusPage } from "../frame/focus";
import { useEnvironmentId } from "../frame/place";
import {
  type Content,
  contentKeys,
  contentListQuery,
  deletedContentQuery,
  pause,
  publish,
  remove,
  restore,
} from "./content";

const UNDO_MS = 10_000;

export function useKeep() {
  const client = useQueryClient();
  const environment = useEnvironmentId();
  return (content: Content) => {
    client.setQueryData(contentKeys.one(environment, content.kind, content.id), content);
    return client.invalidateQueries({ queryKey: contentListQuery(environment).queryKey });
  };
}

export function usePublish() {
  const keep = useKeep();
  return useMutation({ mutationFn: publish, onSuccess: (content) => void keep(content) });
}

export function usePause() {
  const keep = useKeep();
  return useMutation({
    mutationFn: pause,
    onSuccess: (content) => {
      void keep(content);
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
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: list }),
        client.invalidateQueries({ queryKey: deletedContentQuery(environment).queryKey }),
      ]),
  });
}

/** Brings something back from the list of what was deleted. */
export function useRestore() {
  const client = useQueryClient();
  const deleted = deletedContentQuery(useEnvironmentId()).queryKey;
  const keep = useKeep();
  return useMutation({
    mutationFn: (content: Content) => restore(content),
    onSuccess: (content) => {
      client.setQueryData(deleted, (all) => all?.filter((one) => one.id !== content.id));
      void keep(content);
      const how = content.status === "draft" ? "a draft" : "paused";
      notifications.show({ message: `“${content.name}” is back, as ${how}: nobody is shown it until you publish.` });
    },
    onError: (error, content) =>
      notifications.show({ color: "coral", title: `“${content.name}” was not restored`, message: explain(error) }),
    onSettled: () => client.invalidateQueries({ queryKey: deleted }),
  });
}

function offerUndo(content: Content, keep: (content: Content) => Promise<void>): void {
  const id = `deleted-${content.id}`;
  const undo = async () => {
    focusPage();
    notifications.hide(id);
    try {
      await keep(await restore(content));
      // The list is drawn with it by then.
      setTimeout(() => focusItem(content.id));
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
