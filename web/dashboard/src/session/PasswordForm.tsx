/** E-mail and password, or a passkey: from its button, or from what the browser offers in the field of the e-mail. */
import { Anchor, Button, Divider, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconFingerprint } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { api, type Schema, take } from "../api/client";
import { LinkAnchor } from "../frame/links";
import { PasswordField } from "./PasswordField";
import { hasPasskeys, passkeyToSignIn } from "./passkeys";
import { Refusal } from "./Refusal";
import { type Stage, stageAfter, stageOf } from "./session";
import { useOfferedPasskey } from "./useOfferedPasskey";
import { onlyNow, useWait } from "./wait";

type Props = {
  notice?: ReactNode;
  /** Other ways in. */
  more?: ReactNode;
  onStage: (stage: Stage) => void;
};

export function PasswordForm({ notice, more, onStage }: Props) {
  const form = useForm({
    initialValues: { email: "", password: "" },
    validate: {
      email: (value) => (value.includes("@") ? null : "Enter the e-mail address of your account"),
      password: (value) => (value === "" ? "Enter your password" : null),
    },
  });
  // Whoever was refused goes on at the password, which is taken back.
  const signIn = useSignIn(onStage, () => {
    form.setFieldValue("password", "");
    form.getInputNode("password")?.focus();
  });
  const { isError, error, isPending, variables } = signIn;
  const byPasskey = variables?.kind === "passkey";
  useOfferedPasskey(isPending, (passkey) => signIn.mutate({ kind: "offered", passkey }));
  const wait = useWait(error);

  return (
    <form
      onSubmit={form.onSubmit((body) => onlyNow(wait, () => signIn.mutate({ kind: "password", body })))}
      noValidate
      aria-label="Sign in"
    >
      <Stack gap="md">
        {isError ? (
          <Refusal
            error={error}
            words={{ invalid_credentials: variables.kind === "password" ? NO_MATCH : NO_PASSKEY }}
            kept="What you entered is not kept: sign in again when it works."
          />
        ) : (
          notice
        )}
        <TextInput
          label="E-mail"
          type="email"
          autoComplete="username webauthn"
          autoFocus
          {...form.getInputProps("email")}
        />
        <PasswordField label="Password" autoComplete="current-password" {...form.getInputProps("password")} />
        <Button type="submit" loading={isPending && !byPasskey} disabled={wait > 0} fullWidth>
          Sign in
        </Button>
        {hasPasskeys() && (
          <>
            <Divider label="or" />
            <Button
              variant="default"
              fullWidth
              leftSection={<IconFingerprint size={18} stroke={1.75} aria-hidden />}
              loading={isPending && byPasskey}
              disabled={wait > 0}
              onClick={() => signIn.mutate({ kind: "passkey" })}
            >
              Sign in with a passkey
            </Button>
          </>
        )}
        {more}
        <Links />
      </Stack>
    </form>
  );
}

function Links() {
  return (
    <Stack gap={4} align="center">
      <LinkAnchor to="/forgot" size="sm">
        Forgot the password?
      </LinkAnchor>
      <Anchor href="/trust" size="sm" ta="center">
        What Pilotfish promises, and how it fares here
      </Anchor>
    </Stack>
  );
}

type Attempt =
  | { kind: "password"; body: Schema["Credentials"] }
  | { kind: "passkey" }
  | { kind: "offered"; passkey: Schema["PasskeyProof"] };

function useSignIn(onStage: (stage: Stage) => void, onWrongPassword: () => void) {
  return useMutation({
    mutationFn: async (attempt: Attempt): Promise<Stage> => {
      try {
        const body = attempt.kind === "password" ? attempt.body : { passkey: await passkeyOf(attempt) };
        return stageOf(await take(api.POST("/api/v1/sessions", { body })));
      } catch (error) {
        const stage = stageAfter(error);
        if (stage) {
          return stage;
        }
        throw error;
      }
    },
    onSuccess: onStage,
    onError: (_error, { kind }) => kind === "password" && onWrongPassword(),
  });
}

const passkeyOf = (attempt: Exclude<Attempt, { kind: "password" }>) =>
  attempt.kind === "offered" ? attempt.passkey : passkeyToSignIn();

const NO_MATCH = "E-mail and password do not belong together. Check both and try again.";
const NO_PASSKEY = "This passkey is not known here, or it took too long. Try again, or sign in with your password.";
