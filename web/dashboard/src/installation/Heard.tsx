/** Live: whether the tag works. Asks often until it hears the page, and calmly afterwards. */
import { Card, Text, Title } from "@mantine/core";
import type { Schema } from "../api/client";
import { Time } from "../time/Time";
import classes from "./Installation.module.css";

export function Heard({ installation }: { installation: Schema["Installation"] }) {
  const { first_seen_at, last_seen_at, origins } = installation;
  const heard = last_seen_at !== null;
  return (
    <Card role="status">
      <div className={classes.heard}>
        <span className={classes.pulse} data-state={heard ? "heard" : "listening"} />
        <div>
          <Title order={2}>{heard ? "We hear your page" : "Listening for your page"}</Title>
          <Text c="dimmed">
            {heard ? (
              <>
                Last heard <Time at={last_seen_at} />
                {origins.length > 0 && <>, from {origins.join(", ")}</>}
                {first_seen_at && (
                  <>
                    . First heard <Time at={first_seen_at} />
                  </>
                )}
                .
              </>
            ) : (
              "Add the tag, then load a page that carries it. This line turns green within seconds."
            )}
          </Text>
        </div>
      </div>
    </Card>
  );
}
