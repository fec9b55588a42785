/** A proof of who one is, of a kind that the server takes now; at the sign-in and whenever one is asked for again. */
import { Anchor, Button, Stack, TextInput } from "@mantine/core";
import { IconFingerprint } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { api, type Schema, take } from "../api/client";
import { isProblem, type ProofKind } from "../api/problem";
import { recoveryCode, totpCode } from "./codes";
import { PasswordField } from "./PasswordField";
import { ProviderProof } from "./ProviderButtons";
import { hasPasskeys, passkeyProof } from "./passkeys";
import { preferred, WAYS, WRONG } from "./proofs";
import { Refusal } from "./Refusal";
import { type CurrentSession, sessionQuery } from "./session";
import { useWait } from "./wait";

type Props = {
  next: ProofKind[];
  onProven: (session: CurrentSession) => void;
  /** The session that was to be proven is over; where nothing is given, whoever watches the session sees to it. */
  onOver?: () => void;
};

export function ProofForm({ next, onProven, onOver }: Props) {
  const usable = next.filter((kind) => kind !== "passkey" || hasPasskeys());
  const [chosen, setChosen] = useState<ProofKind>();
  const kind = chosen && usable.includes(chosen) ? chosen : preferred(usable);
  const client = useQueryClient();
  const prove = useMutation({
    mutationFn: async (make: () => Promise<Schema["Proof"]>) =>
      take(api.POST("/api/v1/sessions/current/proofs", { body: await make() })),
    onSuccess: (session) => {
      client.setQueryData(sessionQuery.queryKey, session);
      onProven(session);
    },
    onError: (error) => isProblem(error, "unauthenticated") && onOver?.(),
  });
  const wait = useWait(prove.error);
  if (!kind) {
    return <NoWay />;
  }
  const form = { busy: prove.isPending, wait };
  return (
    <Stack gap="md">
      <Refusal error={prove.error} words={{ invalid_proof: WRONG[kind] }} kept="Your session goes on." />
      {kind === "identity_provider" ? (
        <ProviderProof />
      ) : kind === "passkey" ? (
        <PasskeyButton
          {...form}
          onPress={() => prove.mutate(async () => ({ kind: "passkey", ...(await passkeyProof()) }))}
        />
      ) : (
        <CodeForm
          key={kind}
          kind={kind}
          {...form}
          refusal={prove.error}
          onProof={(proof) => prove.mutate(async () => proof)}
        />
      )}
      {usable
        .filter((other) => other !== kind)
        .map((other) => (
          <Anchor
            key={other}
            component="button"
            type="button"
            size="sm"
            onClick={() => {
              prove.reset();
              setChosen(other);
            }}
          >
            {WAYS[other]}
          </Anchor>
        ))}
    </Stack>
  );
}

type Form = { busy: boolean; wait: number };

function PasskeyButton({ busy, wait, onPress }: Form & { onPress: () => void }) {
  return (
    <Button
      fullWidth
      data-autofocus
      autoFocus
      leftSection={<IconFingerprint size={18} stroke={1.75} aria-hidden />}
      loading={busy}
      disabled={wait > 0}
      onClick={onPress}
    >
      Use a passkey or security key
    </Button>
  );
}

type Typed = Exclude<ProofKind, "passkey" | "identity_provider">;
type CodeProps = Form & { kind: Typed; refusal: unknown; onProof: (proof: Schema["Proof"]) => void };

function CodeForm({ kind, busy, wait, refusal, onProof }: CodeProps) {
  const [text, setText] = useState("");
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (refusal) {
      setText("");
      input.current?.focus();
    }
  }, [refusal]);
  const [missing, setMissing] = useState<string>();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const proof = proofOf(kind, text);
    setMissing(proof ? undefined : MISSING[kind]);
    if (proof && wait === 0 && !busy) {
      onProof(proof);
    }
  };
  const field = {
    ...FIELDS[kind],
    ref: input,
    value: text,
    error: missing,
    "data-autofocus": true,
    autoFocus: true,
    onChange: (event: { currentTarget: { value: string } }) => {
      setText(event.currentTarget.value);
      setMissing(undefined);
    },
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md">
        {kind === "password" ? <PasswordField {...field} /> : <TextInput {...field} spellCheck={false} />}
        <Button type="submit" fullWidth loading={busy} disabled={wait > 0}>
          Confirm
        </Button>
      </Stack>
    </form>
  );
}

function proofOf(kind: Typed, text: string): Schema["Proof"] | undefined {
  if (kind === "password") {
    return text === "" ? undefined : { kind, password: text };
  }
  const code = kind === "totp" ? totpCode(text) : recoveryCode(text);
  return code === undefined ? undefined : { kind, code };
}

const FIELDS = {
  password: { label: "Your password", autoComplete: "current-password" },
  totp: {
    label: "Code of your authenticator app",
    description: "Six digits, which change every 30 seconds. Each works once.",
    autoComplete: "one-time-code",
    inputMode: "numeric",
  },
  recovery_code: {
    label: "Recovery code",
    description: "One of the ten that you saved. It works once.",
    autoComplete: "off",
    autoCapitalize: "none",
  },
} as const;
const MISSING: Record<Typed, string> = {
  password: "Enter your password",
  totp: "Enter the six digits",
  recovery_code: "Enter one of your recovery codes",
};

function NoWay() {
  return (
    <p>
      This browser cannot use a passkey, and your account has no other second factor. Open the dashboard in a browser
      that can, on the device that holds the passkey.
    </p>
  );
}
