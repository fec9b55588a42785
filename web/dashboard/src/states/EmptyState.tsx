/** An empty state says what this is, why it helps, and has the button that begins. */
import { Card, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { Fish } from "../brand/Fish";
import classes from "./EmptyState.module.css";

type Props = { title: string; children: ReactNode; action?: ReactNode; order?: 1 | 2 };

export function EmptyState({ title, children, action, order = 2 }: Props) {
  return (
    <Card className={classes.empty}>
      <Fish size={56} className={classes.fish} />
      <Title order={order}>{title}</Title>
      <Text c="dimmed" maw={460}>
        {children}
      </Text>
      {action && <div className={classes.action}>{action}</div>}
    </Card>
  );
}
