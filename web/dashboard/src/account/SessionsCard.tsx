/** One's own sessions. Ending the one that this is signs out, from the account's menu. */
import { Badge, Button, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schema, take } from "../api/client";
import { explain } from "../api/problem";
import { focusPage, useFocusAfterRemoval } from "../frame/focus";
import { Confirm } from "../states/Confirm";
import { Loaded } from "../states/Loaded";
import { Time } from "../time/Time";
import classes from "./Account.module.css";
import { sessionsQuery } from "./account";
import { Section } from "./Section";

type Session = Schema["Session"];

export function SessionsCard() {
  const sessions = useQuery(sessionsQuery);
  return (
    <Section title="Where you are signed in" text="A session that is ended is out at its next click.">
      <Loaded query={sessions}>{({ data }) => <List sessions={data} />}</Loaded>
    </Section>
  );
}

function List({ sessions }: { sessions: Session[] }) {
  const client = useQueryClient();
  const removing = useFocusAfterRemoval(
    sessions.map(({ id }) => id),
    focusPage,
  );
  const end = useMutation({
    mutationFn: ({ id }: Session) => take(api.DELETE("/api/v1/sessions/{id}", { params: { path: { id } } })),
    onSuccess: (_nothing, { id }) => removing(id),
    onError: (error, { device }) =>
      notifications.show({ color: "coral", title: `${device} is still signed in`, message: explain(error) }),
    onSettled: () => client.invalidateQueries({ queryKey: sessionsQuery.queryKey }),
  });
  const others = sessions.filter(({ current }) => !current).length;
  return (
    <>
      <ul className={classes.rows}>
        {sessions.map((session) => (
          <li key={session.id} className={classes.row} data-item={session.id}>
            <Words session={session} />
            {!session.current && (
              <Button
                variant="default"
                size="xs"
                onClick={() => end.mutate(session)}
                loading={end.isPending && end.variables.id === session.id}
                aria-label={`End the session of ${session.device}`}
              >
                End
              </Button>
            )}
          </li>
        ))}
      </ul>
      {others > 0 && <EndOthers count={others} />}
    </>
  );
}

const LEVELS: Record<Session["level"], string> = {
  password: "password only",
  mfa: "password and second factor",
  recovery_code: "password and recovery code",
  phishing_resistant: "passkey or security key",
};

function Words({ session }: { session: Session }) {
  return (
    <div className={classes.what}>
      <div className={classes.line}>
        <Text span fw={550}>
          {session.device}
        </Text>
        {session.current && <Badge color="sea">this session</Badge>}
      </div>
      <span className={classes.quiet}>
        {session.organisation.name}, {LEVELS[session.level]}. Began <Time at={session.created_at} />, last used{" "}
        <Time at={session.last_used_at} />
      </span>
    </div>
  );
}

function EndOthers({ count }: { count: number }) {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const end = useMutation({
    mutationFn: () => take(api.DELETE("/api/v1/sessions")),
    onSuccess: async ({ ended }) => {
      setAsking(false);
      notifications.show({ message: ended === 1 ? "One session has ended." : `${ended} sessions have ended.` });
      await client.invalidateQueries({ queryKey: sessionsQuery.queryKey });
    },
  });
  const what = count === 1 ? "the other session" : `all ${count} others`;
  return (
    <>
      <Button mt="md" variant="default" onClick={() => setAsking(true)}>
        End {what}
      </Button>
      <Confirm
        opened={asking}
        title={`End ${what}?`}
        action={`End ${what}`}
        error={end.error}
        busy={end.isPending}
        onConfirm={() => end.mutate()}
        onClose={() => {
          end.reset();
          setAsking(false);
        }}
      >
        Only this session stays. Whoever uses the others must sign in again.
      </Confirm>
    </>
  );
}
