/** An invitation. The form is the same whether the address has an account or not, and does not say which. */
import { Button, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schema, take } from "../api/client";
import { isProblem } from "../api/problem";
import { LinkButton } from "../frame/links";
import { ROLES } from "../members/roles";
import { takeToken } from "../setup/token";
import { Loaded } from "../states/Loaded";
import { BadLink } from "./BadLink";
import { Door } from "./Door";
import { useEnter } from "./enter";
import { fieldErrors, standsAtFields } from "./fieldErrors";
import { NewPasswordInput } from "./NewPasswordInput";
import { ProofForm } from "./ProofForm";
import { Refusal } from "./Refusal";
import { onlyNow, useWait } from "./wait";

export function InvitationPage() {
  const [token] = useState(takeToken);
  const look = useQuery({
    queryKey: ["invitation"],
    queryFn: () => take(api.POST("/api/v1/invitations/look", { body: { token: token ?? "" } })),
    enabled: token !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const [used, setUsed] = useState(false);
  if (!token || used || isProblem(look.error, "link_invalid")) {
    return (
      <BadLink>
        <p>Ask whoever invited you for a new one. If you have joined already, sign in.</p>
        <LinkButton to="/sign-in" variant="default" fullWidth>
          Sign in
        </LinkButton>
      </BadLink>
    );
  }
  return look.data ? (
    <Accept token={token} invitation={look.data} onUsed={() => setUsed(true)} />
  ) : (
    <Door title="You are invited">
      <Loaded query={look} skeleton="form">
        {() => null}
      </Loaded>
    </Door>
  );
}

type Props = { token: string; invitation: Schema["InvitationView"]; onUsed: () => void };

function Accept({ token, invitation, onUsed }: Props) {
  const enter = useEnter();
  const form = useForm({
    initialValues: { name: "", password: "" },
    validate: {
      name: (value) => (value.trim() ? null : "Enter your name"),
      password: (value) => (value === "" ? "Enter a password" : null),
    },
  });
  const accept = useMutation({
    mutationFn: (values: typeof form.values) =>
      take(api.POST("/api/v1/invitations/accept", { body: { token, ...values } })),
    onSuccess: enter,
    onError: (error) => {
      form.setErrors(fieldErrors(error));
      if (isProblem(error, "link_invalid")) {
        onUsed();
      }
    },
  });
  const wait = useWait(accept.error);
  if (isProblem(accept.error, "mfa_required")) {
    return (
      <Door
        title="Prove that it is you"
        sentence={`Your account has a second factor. Then you join ${invitation.organisation}.`}
      >
        <ProofForm next={accept.error.next} onProven={() => accept.mutate(form.values)} onOver={() => accept.reset()} />
      </Door>
    );
  }
  const { label } = ROLES[invitation.role];
  return (
    <Door
      title={`${invitation.organisation} invites you`}
      sentence={`You join as ${/^[aeo]/i.test(label) ? "an" : "a"} ${label.toLowerCase()}.`}
      wide
    >
      <form onSubmit={form.onSubmit((values) => onlyNow(wait, () => accept.mutate(values)))} noValidate>
        <Stack gap="md">
          {!standsAtFields(accept.error) && (
            <Refusal
              error={accept.error}
              words={{ invalid_credentials: NOT_TAKEN }}
              kept="The invitation still waits."
            />
          )}
          <TextInput label="E-mail" autoComplete="username" readOnly value={invitation.email} />
          <TextInput label="Your name" autoComplete="name" autoFocus {...form.getInputProps("name")} />
          <NewPasswordInput
            label="Password"
            description="New here: at least 15 characters, for instance a sentence that only you know. Have an account with this address already: its password."
            {...form.getInputProps("password")}
          />
          <Button type="submit" loading={accept.isPending} disabled={wait > 0} fullWidth>
            Join {invitation.organisation}
          </Button>
        </Stack>
      </form>
    </Door>
  );
}

const NOT_TAKEN =
  "This password was not accepted. Have you an account with this address already? Then enter its password.";
