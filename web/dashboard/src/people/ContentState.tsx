/** What this person may see, and the answer to "why didn't it show?". */
import { Button, Card, Collapse, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { type Content, contentListQuery } from "../content/content";
import { StatusBadge } from "../content/StatusBadge";
import { useEnvironmentId } from "../frame/place";
import { Loaded } from "../states/Loaded";
import classes from "./People.module.css";
import { whyQuery } from "./people";
import { reasonWords } from "./reasons";
import { TraceTree } from "./Trace";

export function ContentState({ person }: { person: string }) {
  const content = useQuery(contentListQuery(useEnvironmentId()));
  return (
    <Card component="section" aria-label="Content for this person">
      <Title order={2} mb="sm">
        Surveys and flows
      </Title>
      <Loaded query={content}>
        {(all) =>
          all.length === 0 ? (
            <Text c="dimmed">Nothing has been made yet.</Text>
          ) : (
            <ul className={classes.content}>
              {all.map((one) => (
                <Item key={one.id} content={one} person={person} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Card>
  );
}

function Item({ content, person }: { content: Content; person: string }) {
  const [open, setOpen] = useState(false);
  const answer = useId();
  return (
    <li>
      <div className={classes.contentLine}>
        <div>
          <Text fw={550}>{content.name}</Text>
          <StatusBadge status={content.status} />
        </div>
        <Button
          variant="subtle"
          size="compact-sm"
          aria-expanded={open}
          aria-controls={answer}
          aria-label={`Why? ${content.name}`}
          onClick={() => setOpen(!open)}
        >
          Why?
        </Button>
      </div>
      <Collapse expanded={open} id={answer}>
        {open && <Why person={person} content={content.id} />}
      </Collapse>
    </li>
  );
}

function Why({ person, content }: { person: string; content: string }) {
  const why = useQuery(whyQuery(useEnvironmentId(), person, content));
  return (
    <Loaded query={why}>
      {({ reason, trace }) => (
        <>
          <Text mt="xs">{reasonWords(reason)}</Text>
          <TraceTree trace={trace} />
        </>
      )}
    </Loaded>
  );
}
