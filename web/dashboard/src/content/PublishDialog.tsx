/** Publishing asks once, and names what goes where and to whom. */
import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { explain, Problem } from "../api/problem";
import { ruleWords } from "../audience/words";
import { isProduction } from "../frame/EnvironmentSwitch";
import { usePlace } from "../frame/place";
import type { Content } from "./content";
import { usePublish } from "./lifecycle";
import type { Draft } from "./useDraft";

type Props<C extends Content> = {
  content: C;
  draft: Draft<C["draft"]>;
  problems: number;
  opened: boolean;
  onClose: () => void;
};

export function PublishDialog<C extends Content>({ content, draft, problems, opened, onClose }: Props<C>) {
  const { app, environment } = usePlace();
  const publish = usePublish();
  const name = draft.value.name;
  const go = useMutation({
    mutationFn: async () => {
      await draft.flush();
      return publish.mutateAsync(content);
    },
    onSuccess: (published) => {
      onClose();
      notifications.show({
        color: "kelp",
        title: `“${name}” is live`,
        message: `Version ${published.published?.version ?? 1} in ${app.name}, ${environment.name}.`,
      });
    },
    onError: (error) => {
      if (error instanceof Problem && error.errors.length > 0) {
        draft.refuse(error.errors);
        onClose();
        notifications.show({
          color: "coral",
          title: "Not published",
          message: "What is missing is marked at its field.",
        });
      }
    },
  });
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={<strong>Publish “{name}”?</strong>}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Stack gap="sm">
        {problems > 0 ? (
          <Alert color="amber">
            {problems === 1
              ? "One thing is missing. It is marked at its field."
              : `${problems} things are missing. They are marked at their fields.`}
          </Alert>
        ) : (
          <Text>
            It goes live in <strong>{app.name}</strong>, <strong>{environment.name}</strong>
            {isProduction(environment) ? ", for real people," : ""} within a second. Shown to:{" "}
            {ruleWords(draft.value.definition.audience)}.
          </Text>
        )}
        {content.published && problems === 0 && (
          <Text c="dimmed" size="sm">
            It replaces version {content.published.version}. Answers stay together.
          </Text>
        )}
        {go.isError && (
          <Alert color="coral" role="alert">
            {explain(go.error)} Your draft is kept.
          </Alert>
        )}
        <Group justify="flex-end" mt="xs">
          <Button variant="default" onClick={onClose}>
            {problems > 0 ? "Back to the form" : "Not yet"}
          </Button>
          {problems === 0 && (
            <Button onClick={() => go.mutate()} loading={go.isPending} data-autofocus>
              Publish to {environment.name}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}
