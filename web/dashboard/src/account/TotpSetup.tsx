/** An authenticator app: a secret that it takes as a picture or by hand, confirmed by its first code. */
import { Alert, Button, CopyButton, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { api, type Schema, take } from "../api/client";
import { explain, isProblem } from "../api/problem";
import { grouped, totpCode } from "../session/codes";
import { WRONG } from "../session/proofs";
import { Refusal } from "../session/Refusal";
import { useWait } from "../session/wait";
import { Loading } from "../states/Loading";
import classes from "./Account.module.css";
import { QrCode } from "./QrCode";

/** Told with the recovery codes that came with it: none if there were some before. */
type Props = { onDone: (codes: string[]) => void };

export function TotpSetup({ onDone }: Props) {
  const begin = useMutation({ mutationFn: () => take(api.POST("/api/v1/account/totp")) });
  const { mutate } = begin;
  const begun = useRef(false);
  useEffect(() => {
    if (!begun.current) {
      begun.current = true;
      mutate();
    }
  }, [mutate]);
  if (begin.data) {
    return <Confirmation totp={begin.data} onDone={onDone} />;
  }
  return begin.isError ? (
    <Stack>
      <Alert color="coral" role="alert">
        {explain(begin.error)} Nothing was changed.
      </Alert>
      <Button variant="default" onClick={() => mutate()} data-autofocus>
        Try again
      </Button>
    </Stack>
  ) : (
    <Loading shape="form" />
  );
}

function Confirmation({ totp, onDone }: Props & { totp: Schema["NewTotp"] }) {
  const [text, setText] = useState("");
  const [missing, setMissing] = useState<string>();
  const input = useRef<HTMLInputElement>(null);
  const confirm = useMutation({
    mutationFn: (code: string) => take(api.POST("/api/v1/account/totp/confirm", { body: { code } })),
    onSuccess: ({ recovery_codes }) => onDone(recovery_codes),
    onError: (error) => {
      if (isProblem(error, "invalid_proof")) {
        setText("");
      }
      input.current?.focus();
    },
  });
  const wait = useWait(confirm.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const code = totpCode(text);
    setMissing(code ? undefined : "Enter the six digits");
    if (code && wait === 0) {
      confirm.mutate(code);
    }
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md">
        <Text>Scan this with your authenticator app, then enter the code that it shows.</Text>
        <QrCode text={totp.uri} label="QR code for your authenticator app" />
        <Secret secret={totp.secret} />
        <Refusal error={confirm.error} words={{ invalid_proof: WRONG.totp }} />
        <TextInput
          ref={input}
          label="Code of the app"
          description="Six digits"
          autoComplete="one-time-code"
          inputMode="numeric"
          spellCheck={false}
          data-autofocus
          autoFocus
          value={text}
          error={missing}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setMissing(undefined);
          }}
        />
        <Group justify="flex-end">
          <Button type="submit" loading={confirm.isPending} disabled={wait > 0}>
            Confirm
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** For whoever cannot scan: the app takes it by hand. */
function Secret({ secret }: { secret: string }) {
  return (
    <div>
      <Text size="sm" c="dimmed">
        Cannot scan? Enter this secret in the app, for a code that changes with time:
      </Text>
      <Group gap="xs" justify="space-between" wrap="nowrap">
        <code className={classes.secret}>{grouped(secret)}</code>
        <CopyButton value={secret} timeout={2000}>
          {({ copied, copy }) => (
            <Button
              size="compact-sm"
              variant="default"
              flex="none"
              onClick={copy}
              aria-label={copied ? "Copied the secret" : "Copy the secret"}
              leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
            >
              {copied ? "Copied" : "Copy"}
            </Button>
          )}
        </CopyButton>
      </Group>
    </div>
  );
}
