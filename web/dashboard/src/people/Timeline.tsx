/** What somebody did, the latest first, by day. */
import { Alert, Box, Button, Card, Text, Title, Tooltip } from "@mantine/core";
import {
  IconClick,
  IconEye,
  IconFileText,
  IconId,
  IconMessage2,
  IconUsersGroup,
  type TablerIcon,
} from "@tabler/icons-react";
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { explain } from "../api/problem";
import { useEnvironmentId } from "../frame/place";
import { Masked, RevealPersonal, Shield } from "../personal/Personal";
import { Loaded } from "../states/Loaded";
import { absolute, clock, date } from "../time/format";
import { shown } from "./AttributesCard";
import classes from "./People.module.css";
import { type PersonEvent, revealEvents, timelineQuery } from "./people";

/** Events whose personal properties were opened, by id. */
type Opened = Map<string, PersonEvent["properties"]>;

export function Timeline({ person, names }: { person: string; names: Map<string, string> }) {
  const events = useInfiniteQuery(timelineQuery(useEnvironmentId(), person));
  const [opened, setOpened] = useState<Opened>(new Map());
  const look = useMutation({
    mutationFn: (cursors: (string | null)[]) => Promise.all(cursors.map((cursor) => revealEvents(person, cursor))),
    onSuccess: (pages) => {
      const found = pages.flatMap(({ data }) => data).filter(({ personal }) => personal.length > 0);
      setOpened((before) => new Map([...before, ...found.map(({ id, properties }) => [id, properties] as const)]));
    },
  });
  return (
    <Card component="section" aria-label="Timeline">
      <Title order={2} mb="sm">
        Timeline
      </Title>
      <Loaded query={events}>
        {({ pages }) => {
          const all = pages.flatMap((page) => page.data);
          const masked = pages.flatMap((page, index) =>
            page.data.some((one) => isMasked(one, opened)) ? [pages[index - 1]?.next_cursor ?? null] : [],
          );
          return (
            <>
              {all.length === 0 && <Text c="dimmed">Nothing was heard of this person yet.</Text>}
              {masked.length > 0 && (
                <Box mb="sm">
                  <RevealPersonal
                    what="personal properties"
                    onReveal={() => look.mutate(masked)}
                    loading={look.isPending}
                  />
                </Box>
              )}
              {look.isError && (
                <Alert color="coral" mb="sm" role="alert">
                  {explain(look.error)} Nothing was opened.
                </Alert>
              )}
              {opened.size > 0 && masked.length === 0 && (
                <Text size="xs" c="dimmed" mb="sm">
                  That you looked is recorded.
                </Text>
              )}
              {byDay(all).map(([day, list]) => (
                <div key={day}>
                  <h3 className={classes.day}>{day}</h3>
                  <ol className={classes.timeline}>
                    {list.map((event) => (
                      <Entry key={event.id} event={event} names={names} opened={opened.get(event.id)} />
                    ))}
                  </ol>
                </div>
              ))}
              {events.hasNextPage && (
                <Button
                  variant="default"
                  size="xs"
                  mt="sm"
                  style={{ alignSelf: "start" }}
                  onClick={() => void events.fetchNextPage()}
                  loading={events.isFetchingNextPage}
                >
                  Show earlier
                </Button>
              )}
            </>
          );
        }}
      </Loaded>
    </Card>
  );
}

const ICONS: Partial<Record<PersonEvent["type"], TablerIcon>> = {
  page: IconFileText,
  screen: IconFileText,
  identify: IconId,
  group: IconUsersGroup,
  answer: IconMessage2,
};

function isMasked(event: PersonEvent, opened: Opened): boolean {
  return event.personal.length > 0 && !opened.has(event.id);
}

type EntryProps = { event: PersonEvent; names: Map<string, string>; opened: PersonEvent["properties"] | undefined };

function Entry({ event, names, opened }: EntryProps) {
  const own = event.type === "answer" || (event.event?.startsWith("$") ?? false);
  const Icon = event.event === "$shown" ? IconEye : own ? IconMessage2 : (ICONS[event.type] ?? IconClick);
  return (
    <li className={classes.event} data-own={own || undefined}>
      <span className={classes.dot}>
        <Icon size={15} stroke={1.75} aria-hidden />
      </span>
      <div>
        <Text fw={550}>{titleOf(event, names)}</Text>
        <div className={classes.properties}>
          {propertiesOf(event).map(([name, value]) => (
            <span key={name}>
              {name}:{" "}
              {event.personal.includes(name) ? (
                <>
                  <Shield /> {opened ? shown(opened[name]) : <Masked />}
                </>
              ) : (
                shown(value)
              )}
            </span>
          ))}
        </div>
      </div>
      <Text size="xs" c="dimmed">
        <Tooltip label={absolute(new Date(event.time))}>
          <time dateTime={event.time}>{clock(new Date(event.time))}</time>
        </Tooltip>
      </Text>
    </li>
  );
}

const OWN: Record<string, string> = {
  $shown: "Was shown",
  $step: "Reached a step of",
  $completed: "Completed",
  $dismissed: "Dismissed",
};

function titleOf(event: PersonEvent, names: Map<string, string>): string {
  const own = event.event ? OWN[event.event] : undefined;
  if (own) {
    return `${own} ${contentWords(event, names)}`;
  }
  if (event.type === "page" || event.type === "screen") {
    return event.context.path ? `Viewed ${event.context.path}` : "Viewed a page";
  }
  if (event.type === "identify") {
    return "Was identified";
  }
  if (event.type === "answer") {
    return `Answered ${contentWords(event, names)}`;
  }
  if (event.type === "alias") {
    return "Was recognised";
  }
  return event.type === "group" ? "Joined a company" : (event.event ?? event.type);
}

function contentWords({ context }: PersonEvent, names: Map<string, string>): string {
  return context.content ? `“${names.get(context.content) ?? context.content}”` : "a survey or flow";
}

const SAID = new Set(["version"]);

/** What the title says already is not said twice. */
function propertiesOf(event: PersonEvent): [string, unknown][] {
  const quiet = event.type === "answer" || event.event?.startsWith("$");
  return Object.entries(event.properties).filter(([name]) => !(quiet && SAID.has(name)));
}

function byDay(events: PersonEvent[]): [string, PersonEvent[]][] {
  const days = new Map<string, PersonEvent[]>();
  for (const event of events) {
    const day = date(new Date(event.time));
    days.set(day, [...(days.get(day) ?? []), event]);
  }
  return [...days];
}
