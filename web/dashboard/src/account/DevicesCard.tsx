/** Devices that are known: one still gets in from these while somebody else guesses the password. */
import { Badge, Button, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, type Schema, take } from "../api/client";
import { explain } from "../api/problem";
import { focusPage, useFocusAfterRemoval } from "../frame/focus";
import { Loaded } from "../states/Loaded";
import { Time } from "../time/Time";
import classes from "./Account.module.css";
import { devicesQuery } from "./account";
import { Section } from "./Section";

export function DevicesCard() {
  const devices = useQuery(devicesQuery);
  return (
    <Section title="Known devices" text="From these you get in even while somebody else guesses your password.">
      <Loaded query={devices}>
        {({ data }) => (data.length > 0 ? <List devices={data} /> : <Text c="dimmed">No device is known yet.</Text>)}
      </Loaded>
    </Section>
  );
}

function List({ devices }: { devices: Schema["Device"][] }) {
  const client = useQueryClient();
  const removing = useFocusAfterRemoval(
    devices.map(({ id }) => id),
    focusPage,
  );
  const forget = useMutation({
    mutationFn: ({ id }: Schema["Device"]) =>
      take(api.DELETE("/api/v1/account/devices/{id}", { params: { path: { id } } })),
    onSuccess: (_nothing, { id }) => removing(id),
    onError: (error, { device }) =>
      notifications.show({ color: "coral", title: `${device} is still known`, message: explain(error) }),
    onSettled: () => client.invalidateQueries({ queryKey: devicesQuery.queryKey }),
  });
  return (
    <ul className={classes.rows}>
      {devices.map((one) => (
        <li key={one.id} className={classes.row} data-item={one.id}>
          <div className={classes.what}>
            <div className={classes.line}>
              <Text span fw={550}>
                {one.device}
              </Text>
              {one.current && <Badge color="sea">this device</Badge>}
            </div>
            <span className={classes.quiet}>
              Known since <Time at={one.created_at} />, last used <Time at={one.last_used_at} />
            </span>
          </div>
          <Button
            variant="default"
            size="xs"
            onClick={() => forget.mutate(one)}
            loading={forget.isPending && forget.variables.id === one.id}
            aria-label={`Forget ${one.device}`}
          >
            Forget
          </Button>
        </li>
      ))}
    </ul>
  );
}
