/** A second factor must be set up before anything else is allowed: how, the recovery codes, and on to where one was going. */
import { Alert, Button, Stack, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { accountQuery } from "../account/account";
import { AddPasskey } from "../account/PasskeysCard";
import { RecoveryCodes } from "../account/RecoveryCodes";
import { TotpSetup } from "../account/TotpSetup";
import { useRenewAccount } from "../account/useRenewAccount";
import { isProblem } from "../api/problem";
import { Loaded } from "../states/Loaded";
import { Door } from "./Door";
import { useEnter } from "./enter";
import { leave } from "./over";
import { type CurrentSession, sessionQuery } from "./session";
import { useSignOut } from "./signOut";

type Step = { at: "choice" } | { at: "totp" } | { at: "codes"; codes: string[] };

export function EnrolPage() {
  const { next } = useSearch({ from: "/enrol" });
  const session = useQuery(sessionQuery);
  const [step, setStep] = useState<Step>({ at: "choice" });
  const renew = useRenewAccount();
  useOn(session.data, step, next);
  useOut(session.error);
  const enrolled = (codes: string[]) => {
    setStep(codes.length > 0 ? { at: "codes", codes } : { at: "choice" });
    void renew();
  };
  if (step.at === "codes") {
    return (
      <Door title="Your recovery codes" wide>
        <RecoveryCodes codes={step.codes} onKept={() => setStep({ at: "choice" })} />
      </Door>
    );
  }
  if (step.at === "totp") {
    return (
      <Door title="Set up an authenticator app" wide>
        <TotpSetup onDone={enrolled} />
        <Button mt="md" fullWidth variant="subtle" color="gray" onClick={() => setStep({ at: "choice" })}>
          Back to the choice
        </Button>
      </Door>
    );
  }
  return (
    <Door title="Set up a second factor" sentence="Your organisation asks for one before you go on." wide>
      <Loaded query={session} skeleton="form">
        {() => <Choice onTotp={() => setStep({ at: "totp" })} onEnrolled={enrolled} />}
      </Loaded>
    </Door>
  );
}

/** On to where one was going, once nothing is needed any more and the codes are kept. */
function useOn(session: CurrentSession | undefined, step: Step, next: string | undefined): void {
  const enter = useEnter(next);
  const done = session !== undefined && session.needs !== "enrolment" && step.at === "choice";
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it is done
  useEffect(() => {
    if (done) {
      void enter(session);
    }
  }, [done]);
}

/** Nobody is signed in: to the sign-in. */
function useOut(error: unknown): void {
  const router = useRouter();
  const client = useQueryClient();
  useEffect(() => {
    if (isProblem(error, "unauthenticated")) {
      void leave(router, client, "over", true);
    }
  }, [error, router, client]);
}

function Choice({ onTotp, onEnrolled }: { onTotp: () => void; onEnrolled: (codes: string[]) => void }) {
  const account = useQuery(accountQuery);
  return (
    <Stack gap="lg">
      {account.data?.totp && (
        <Alert color="amber" role="status">
          Your authenticator app is set up, but your organisation accepts only passkeys and security keys. Add one as
          well.
        </Alert>
      )}
      <div>
        <Text fw={550}>A passkey or security key</Text>
        <Text c="dimmed" mb="sm">
          Your finger, face or PIN, on this device or with a key. Always enough, and signs you in without the password.
        </Text>
        <AddPasskey first onAdded={onEnrolled} />
      </div>
      {account.data?.totp === null && (
        <div>
          <Text fw={550}>An authenticator app</Text>
          <Text c="dimmed" mb="sm">
            A code of six digits besides your password. Some organisations do not take it.
          </Text>
          <Button variant="default" onClick={onTotp}>
            Set up an app
          </Button>
        </div>
      )}
      <SignOut />
    </Stack>
  );
}

function SignOut() {
  const signOut = useSignOut();
  return (
    <Button variant="subtle" color="gray" onClick={() => signOut.mutate()} loading={signOut.isPending}>
      Sign out
    </Button>
  );
}
