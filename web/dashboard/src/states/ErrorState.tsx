/** An error says what happened, what was kept and what to do. */
import { Button, Card, Group, Text, Title } from "@mantine/core";
import { explain, Problem } from "../api/problem";

type Props = { error: unknown; kept?: string; retry?: () => void; retrying?: boolean };

export function ErrorState({ error, kept = "Nothing was changed.", retry, retrying }: Props) {
  const missing = error instanceof Problem && error.status === 404;
  return (
    <Card role="alert" maw={560}>
      <Title order={2} mb={4}>
        {missing ? "Not found" : "This could not be loaded"}
      </Title>
      <Text c="dimmed">
        {explain(error)} {missing ? "" : kept}
      </Text>
      <Group mt="md" gap="md">
        {retry && (
          <Button variant="default" onClick={retry} loading={retrying}>
            Try again
          </Button>
        )}
        {error instanceof Problem && error.requestId && (
          <Text size="xs" c="dimmed">
            Request <code>{error.requestId}</code>
          </Text>
        )}
      </Group>
    </Card>
  );
}
