/** A card of the account or of the settings: what it is about, one sentence, and what can be done. */
import { Card, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

type Props = { title: string; text?: ReactNode; children: ReactNode };

export function Section({ title, text, children }: Props) {
  return (
    <Card component="section" aria-label={title}>
      <Title order={2}>{title}</Title>
      {text && (
        <Text c="dimmed" mb="md">
          {text}
        </Text>
      )}
      <div>{children}</div>
    </Card>
  );
}
