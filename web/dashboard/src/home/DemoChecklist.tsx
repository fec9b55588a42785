/** The demo's five minutes: meet the flow, answer, see it arrive, search the disk. A step is done when it happened. */
import { Button, Card, Progress, Text, Title } from "@mantine/core";
import { IconCircle, IconCircleCheckFilled, IconExternalLink } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { contentListQuery } from "../content/content";
import { LinkAnchor, PLACE } from "../frame/links";
import { usePlace } from "../frame/place";
import { checklistQuery, doneOf, STEPS, type Step } from "./checklist";
import classes from "./DemoChecklist.module.css";
import { DiskSearch } from "./DiskSearch";

export function DemoChecklist() {
  const { me, environment } = usePlace();
  const list = useQuery(checklistQuery(environment.id));
  const content = useQuery(contentListQuery(environment.id));
  const survey = content.data?.find((one) => one.kind === "survey" && one.status === "live");
  const done = doneOf(list.data);

  return (
    <Card component="section" aria-label="Five minutes with Pilotfish">
      <div className={classes.head}>
        <div>
          <Title order={2}>Five minutes with Pilotfish</Title>
          <Text c="dimmed" size="sm">
            Harbour is a small invoicing app. It runs beside this dashboard, with Pilotfish in its page.
          </Text>
        </div>
        <Text size="sm" fw={550} className="figures">
          {done.length} of {STEPS.length} done
        </Text>
      </div>
      <Progress value={(done.length / STEPS.length) * 100} size={4} aria-label="Checklist" mb="md" />
      <ol className={classes.steps}>
        <Item done={done} step="met_at" title="Meet the flow">
          Open Harbour as a new customer. A flow greets you and follows you across two pages.
          <div className={classes.action}>
            <Button
              component="a"
              href={me.demo_site_url ?? "https://localhost:8446"}
              target="_blank"
              rel="noopener"
              size="xs"
              rightSection={<IconExternalLink size={14} />}
            >
              Open Harbour
            </Button>
          </div>
        </Item>
        <Item done={done} step="answered_at" title="Answer the survey">
          Send two invoices in Harbour. After the second, it asks how invoicing is going: give a score, and a reason in
          a sentence that you will know again.
        </Item>
        <Item done={done} step="seen_at" title="See it arrive">
          Your answer is here within two seconds:{" "}
          {survey ? (
            <LinkAnchor from={PLACE} to="./content/surveys/$id/results" params={{ id: survey.id }} underline="always">
              results of “{survey.name}”
            </LinkAnchor>
          ) : (
            <LinkAnchor from={PLACE} to="./content">
              open the survey’s results
            </LinkAnchor>
          )}
          .
        </Item>
        <Item done={done} step="searched_at" title="Search the disk">
          Is that sentence really sealed? Let the server look for it in every byte that it has written.
          <DiskSearch onFound={() => void list.refetch()} />
        </Item>
      </ol>
    </Card>
  );
}

type ItemProps = { step: Step; title: string; done: Step[]; children: ReactNode };

function Item({ step, title, done, children }: ItemProps) {
  const isDone = done.includes(step);
  return (
    <li className={classes.step} data-done={isDone || undefined}>
      {isDone ? (
        <IconCircleCheckFilled size={20} className={classes.done} role="img" aria-label="Done" />
      ) : (
        <IconCircle size={20} stroke={1.5} className={classes.open} role="img" aria-label="To do" />
      )}
      <div className={classes.words}>
        <Title order={3}>{title}</Title>
        <div className={classes.text}>{children}</div>
      </div>
    </li>
  );
}
