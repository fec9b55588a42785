/** The quiet page before the dashboard: sign-in and set-up. */
import { Card, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { WordMark } from "../brand/WordMark";
import classes from "./Door.module.css";

type Props = { title: string; sentence?: string; wide?: boolean; children: ReactNode };

export function Door({ title, sentence, wide = false, children }: Props) {
  return (
    <main className={classes.ground}>
      <title>{`${title} · Pilotfish`}</title>
      <div className={wide ? classes.wide : classes.column}>
        <WordMark size={40} />
        <Card padding="xl">
          <Title order={1} mb={sentence ? 4 : "lg"}>
            {title}
          </Title>
          {sentence && <p className={classes.sentence}>{sentence}</p>}
          {children}
        </Card>
      </div>
    </main>
  );
}
