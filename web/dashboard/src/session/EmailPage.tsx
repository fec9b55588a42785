/** A new e-mail address, confirmed by the link that was mailed to it. A press, so that no scanner of mail confirms it. */
import { Button, Stack } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, take } from "../api/client";
import { isProblem } from "../api/problem";
import { LinkButton } from "../frame/links";
import { takeToken } from "../setup/token";
import { BadLink } from "./BadLink";
import { Door } from "./Door";
import { forget } from "./forget";
import { tellTabs } from "./over";
import { Refusal } from "./Refusal";
import { sessionQuery } from "./session";
import { useWait } from "./wait";

export function EmailPage() {
  const [token] = useState(takeToken);
  const client = useQueryClient();
  const confirm = useMutation({
    mutationFn: (sent: string) => take(api.POST("/api/v1/email-confirmations", { body: { token: sent } })),
    onSuccess: () => {
      forget(client);
      client.removeQueries({ queryKey: sessionQuery.queryKey });
      tellTabs("left");
    },
  });
  const wait = useWait(confirm.error);

  if (!token || isProblem(confirm.error, "link_invalid")) {
    return (
      <BadLink>
        <LinkButton to="/" fullWidth>
          Go to your account
        </LinkButton>
      </BadLink>
    );
  }
  if (isProblem(confirm.error, "unauthenticated") || isProblem(confirm.error, "mfa_required")) {
    return (
      <Door
        title="Sign in first"
        sentence="Only who asked for this address can confirm it. Sign in here with your old address, then open the link once more."
      >
        <LinkButton to="/sign-in" fullWidth autoFocus>
          Sign in
        </LinkButton>
      </Door>
    );
  }
  if (confirm.isSuccess) {
    return (
      <Door title="Your e-mail address is changed" sentence="Every session has ended. Sign in with the new address.">
        <LinkButton to="/sign-in" fullWidth autoFocus>
          Sign in
        </LinkButton>
      </Door>
    );
  }
  return (
    <Door
      title="Confirm your new e-mail address"
      sentence="You sign in with it from then on. Every session of your account ends."
    >
      <Stack gap="md">
        <Refusal error={confirm.error} kept="Your old address still works." />
        <Button
          autoFocus
          fullWidth
          loading={confirm.isPending}
          disabled={wait > 0}
          onClick={() => confirm.mutate(token)}
        >
          Confirm the address
        </Button>
      </Stack>
    </Door>
  );
}
