/** What is live now, with its two figures. */
import { Card, Group, Text, Title } from "@mantine/core";
import { ContentTable } from "../content/ContentTable";
import type { Content } from "../content/content";
import { LinkAnchor, PLACE } from "../frame/links";

export function LiveContent({ content }: { content: Content[] }) {
  const live = content.filter((one) => one.status === "live");
  return (
    <Card component="section" aria-label="Live content" padding={0}>
      <Group justify="space-between" p="lg" pb="xs">
        <Title order={2}>Live now</Title>
        <LinkAnchor from={PLACE} to="./content">
          All content
        </LinkAnchor>
      </Group>
      {live.length === 0 ? (
        <Text c="dimmed" px="lg" pb="lg">
          Nothing is live. Publish a survey or a flow and its figures show here.
        </Text>
      ) : (
        <ContentTable content={live} />
      )}
    </Card>
  );
}
