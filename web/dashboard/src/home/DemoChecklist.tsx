/** The demo's five minutes: meet the flow, answer, see it arrive, search the disk. */
import { Button, Card, Checkbox, Progress, Text, Title } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { IconExternalLink } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { contentListQuery } from "../content/content";
import { LinkAnchor, PLACE } from "../frame/links";
import { usePlace } from "../frame/place";
import classes from "./DemoChecklist.module.css";
import { DiskSearch } from "./DiskSearch";

const STEPS = ["meet", "answer", "arrive", "search"] as const;
type Step = (typeof STEPS)[number];

export function DemoChecklist() {
  const { me, environment } = usePlace();
  const [done, setDone] = useLocalStorage<Step[]>({ key: "pilotfish.demo", defaultValue: [] });
  const content = useQuery(contentListQuery(environment.id));
  const survey = content.data?.find((one) => one.kind === "survey" && one.status === "live");
  const toggle = (step: Step) => setDone(done.includes(step) ? done.filter((one) => one !== step) : [...done, step]);
  const finish = (step: Step) => setDone(done.includes(step) ? done : [...done, step]);
  const item = { done, toggle };

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
        <Item {...item} step="meet" title="Meet the flow">
          Open Harbour as a new customer. A flow greets you and follows you across two pages.
          <div className={classes.action}>
            <Button
              component="a"
              href={me.demo_site_url ?? "https://localhost:8446"}
              target="_blank"
              rel="noopener"
              size="xs"
              rightSection={<IconExternalLink size={14} />}
              onClick={() => finish("meet")}
            >
              Open Harbour
            </Button>
          </div>
        </Item>
        <Item {...item} step="answer" title="Answer the survey">
          Send two invoices in Harbour. After the second, it asks how invoicing is going: give a score, and a reason in
          a sentence that you will know again.
        </Item>
        <Item {...item} step="arrive" title="See it arrive">
          Your answer is here within two seconds:{" "}
          {survey ? (
            <LinkAnchor
              from={PLACE}
              to="./content/surveys/$id/results"
              params={{ id: survey.id }}
              underline="always"
              onClick={() => finish("arrive")}
            >
              results of “{survey.name}”
            </LinkAnchor>
          ) : (
            <LinkAnchor from={PLACE} to="./content">
              open the survey’s results
            </LinkAnchor>
          )}
          .
        </Item>
        <Item {...item} step="search" title="Search the disk">
          Is that sentence really sealed? Let the server look for it in every byte that it has written.
          <DiskSearch onFound={() => finish("search")} />
        </Item>
      </ol>
    </Card>
  );
}

type ItemProps = { step: Step; title: string; done: Step[]; toggle: (step: Step) => void; children: ReactNode };

function Item({ step, title, done, toggle, children }: ItemProps) {
  return (
    <li className={classes.step} data-done={done.includes(step) || undefined}>
      <Checkbox
        radius="xl"
        checked={done.includes(step)}
        onChange={() => toggle(step)}
        aria-label={`${title}: done`}
        color="kelp"
      />
      <div className={classes.words}>
        <Title order={3}>{title}</Title>
        <div className={classes.text}>{children}</div>
      </div>
    </li>
  );
}
