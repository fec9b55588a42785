/** Where one works: go over to another organisation, or leave this one. */
import { Badge, Button, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { api, take } from "../api/client";
import { ROLES } from "../members/roles";
import { useSwitchOrganisation } from "../session/organisation";
import { leave, tellTabs } from "../session/over";
import { Confirm } from "../states/Confirm";
import classes from "./Account.module.css";
import type { Account } from "./account";
import { Section } from "./Section";

export function Organisations({ account }: { account: Account }) {
  const [leaving, setLeaving] = useState(false);
  const change = useSwitchOrganisation();
  const leaveIt = useLeave();
  const current = account.organisations.find((one) => one.current);
  return (
    <Section title="Organisations" text="A session is in one of them at a time.">
      <ul className={classes.rows}>
        {account.organisations.map((one) => (
          <li key={one.id} className={classes.row}>
            <div className={classes.what}>
              <div className={classes.line}>
                <Text span fw={550}>
                  {one.name}
                </Text>
                {one.current && <Badge color="sea">this session</Badge>}
              </div>
              <span className={classes.quiet}>{ROLES[one.role].label}</span>
            </div>
            {one.current ? (
              <Button variant="default" size="xs" onClick={() => setLeaving(true)} aria-label={`Leave ${one.name}`}>
                Leave
              </Button>
            ) : (
              <Button
                variant="default"
                size="xs"
                onClick={() => change.mutate(one)}
                loading={change.isPending && change.variables.id === one.id}
                aria-label={`Go over to ${one.name}`}
              >
                Go over
              </Button>
            )}
          </li>
        ))}
      </ul>
      {current && (
        <Confirm
          opened={leaving}
          title={`Leave ${current.name}?`}
          action={`Leave ${current.name}`}
          error={leaveIt.error}
          busy={leaveIt.isPending}
          onConfirm={() => leaveIt.mutate()}
          onClose={() => {
            setLeaving(false);
            leaveIt.reset();
          }}
        >
          You see nothing of it any more, at once, until somebody invites you again. What you made stays with it.
          {account.organisations.length === 1 && " It is the only one you work in, so your account is forgotten."}
        </Confirm>
      )}
    </Section>
  );
}

/** The session ends with it, or goes on in another organisation: the sign-in asks, and leads on. */
function useLeave() {
  const client = useQueryClient();
  const router = useRouter();
  return useMutation({
    mutationFn: () => take(api.DELETE("/api/v1/account/membership")),
    onSuccess: async () => {
      tellTabs("switched");
      await leave(router, client, "over", false);
    },
  });
}
