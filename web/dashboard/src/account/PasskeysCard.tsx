/** Passkeys and security keys: each is a second factor, and signs in without the password. */
import { Button, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconFingerprint } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, take } from "../api/client";
import { focusPage, useFocusAfterRemoval } from "../frame/focus";
import { addPasskey, hasPasskeys } from "../session/passkeys";
import { Refusal } from "../session/Refusal";
import { Confirm } from "../states/Confirm";
import { Time } from "../time/Time";
import classes from "./Account.module.css";
import type { Passkey } from "./account";
import { Section } from "./Section";
import { useRenewAccount } from "./useRenewAccount";

type Props = { passkeys: Passkey[]; onEnrolled: (codes: string[]) => void };

export function PasskeysCard({ passkeys, onEnrolled }: Props) {
  const [removing, setRemoving] = useState<Passkey>();
  const leaving = useFocusAfterRemoval(
    passkeys.map(({ id }) => id),
    focusPage,
  );
  return (
    <Section
      title="Passkeys and security keys"
      text="Sign in with your finger, face or PIN, on this device or with a key. Nobody can be tricked out of one."
    >
      {passkeys.length > 0 && (
        <ul className={classes.rows}>
          {passkeys.map((passkey) => (
            <Row key={passkey.id} passkey={passkey} onRemove={() => setRemoving(passkey)} />
          ))}
        </ul>
      )}
      <AddPasskey first={passkeys.length === 0} onAdded={onEnrolled} />
      <Removal passkey={removing} onRemoving={leaving} onClose={() => setRemoving(undefined)} />
    </Section>
  );
}

const KINDS = { passkey: "Passkey", security_key: "Security key" };

function Row({ passkey, onRemove }: { passkey: Passkey; onRemove: () => void }) {
  return (
    <li className={classes.row} data-item={passkey.id}>
      <div className={classes.what}>
        <Text fw={550}>
          {KINDS[passkey.kind]}, made with {passkey.device}
        </Text>
        <span className={classes.quiet}>
          Added <Time at={passkey.created_at} />
          {passkey.last_used_at ? (
            <>
              , last used <Time at={passkey.last_used_at} />
            </>
          ) : (
            ", not used yet"
          )}
        </span>
      </div>
      <Button
        variant="default"
        size="xs"
        onClick={onRemove}
        aria-label={`Remove the ${KINDS[passkey.kind].toLowerCase()} made with ${passkey.device}`}
      >
        Remove
      </Button>
    </li>
  );
}

/** Also on the page where a second factor must be set up before anything else. */
export function AddPasskey({ first, onAdded }: { first: boolean; onAdded: (codes: string[]) => void }) {
  const add = useMutation({
    mutationFn: addPasskey,
    onSuccess: ({ passkey, recovery_codes }) => {
      notifications.show({ color: "kelp", message: `You can sign in with the passkey of ${passkey.device} now.` });
      onAdded(recovery_codes);
    },
  });
  if (!hasPasskeys()) {
    return <Text c="dimmed">This browser cannot use passkeys.</Text>;
  }
  return (
    <>
      {add.isError && (
        <div role="presentation">
          <Refusal error={add.error} words={{ invalid_proof: NOT_ADDED }} kept="No passkey was added." />
        </div>
      )}
      <Button
        mt={first && !add.isError ? 0 : "md"}
        variant={first ? "filled" : "default"}
        leftSection={<IconFingerprint size={18} stroke={1.75} aria-hidden />}
        loading={add.isPending}
        onClick={() => add.mutate()}
      >
        {first ? "Add a passkey" : "Add another"}
      </Button>
    </>
  );
}

const NOT_ADDED = "This passkey was not accepted, or it took too long. No passkey was added; try again.";

type RemovalProps = { passkey: Passkey | undefined; onRemoving: (id: string) => void; onClose: () => void };

function Removal({ passkey, onRemoving, onClose }: RemovalProps) {
  const renew = useRenewAccount();
  const remove = useMutation({
    mutationFn: ({ id }: Passkey) => take(api.DELETE("/api/v1/account/passkeys/{id}", { params: { path: { id } } })),
    onSuccess: async (_nothing, { id }) => {
      onRemoving(id);
      onClose();
      await renew();
    },
  });
  return (
    <Confirm
      opened={passkey !== undefined}
      title={passkey ? `Remove the ${KINDS[passkey.kind].toLowerCase()} made with ${passkey.device}?` : ""}
      action="Remove it"
      error={remove.error}
      busy={remove.isPending}
      onConfirm={() => passkey && remove.mutate(passkey)}
      onClose={() => {
        remove.reset();
        onClose();
      }}
    >
      It signs you in no more, and your other sessions end. The device still lists it: delete it there too.
    </Confirm>
  );
}
