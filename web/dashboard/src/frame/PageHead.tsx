/** Title, one sentence, at most one primary button. */
import { Title } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./PageHead.module.css";

type Props = { title: string; mark?: ReactNode; sentence?: ReactNode; back?: ReactNode; action?: ReactNode };

export function PageHead({ title, mark, sentence, back, action }: Props) {
  return (
    <header className={classes.head}>
      <title>{`${title} · Pilotfish`}</title>
      <div className={classes.words}>
        {back && <div className={classes.back}>{back}</div>}
        <div className={classes.line}>
          <Title order={1}>{title}</Title>
          {mark}
        </div>
        {sentence && <p className={classes.sentence}>{sentence}</p>}
      </div>
      {action && <div className={classes.action}>{action}</div>}
    </header>
  );
}

/** The usual width of a page. Editors use all there is. */
export function Page({ children }: { children: ReactNode }) {
  return <div className={classes.page}>{children}</div>;
}
