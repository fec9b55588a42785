/** The authenticator app. */
import { Button, Group, Modal, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, take } from "../api/client";
import { Confirm } from "../states/Confirm";
import { Time } from "../time/Time";
import type { Account } from "./account";
import { Section } from "./Section";
import { TotpSetup } from "./TotpSetup";
import { useRenewAccount } from "./useRenewAccount";

type Props = { totp: Account["totp"]; onEnrolled: (codes: string[]) => void };

export function TotpCard({ totp, onEnrolled }: Props) {
  const [open, setOpen] = useState<"setup" | "removal">();
  const close = () => setOpen(undefined);
  return (
    <Section
      title="Authenticator app"
      text="A code of six digits that changes every 30 seconds, besides your password."
    >
      {totp ? (
        <Group justify="space-between">
          <Text>
            Set up <Time at={totp.since} />
          </Text>
          <Group gap="xs">
            <Button variant="default" size="xs" onClick={() => setOpen("setup")}>
              Use another app
            </Button>
            <Button
              variant="default"
              size="xs"
              onClick={() => setOpen("removal")}
              aria-label="Remove the authenticator app"
            >
              Remove
            </Button>
          </Group>
        </Group>
      ) : (
        <Button variant="default" onClick={() => setOpen("setup")}>
          Set up an app
        </Button>
      )}
      <Modal
        opened={open === "setup"}
        onClose={close}
        title={<strong>{totp ? "Use another authenticator app" : "Set up an authenticator app"}</strong>}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        {open === "setup" && (
          <TotpSetup
            onDone={(codes) => {
              close();
              notifications.show({ color: "kelp", message: "The app is set up. Your other sessions have ended." });
              onEnrolled(codes);
            }}
          />
        )}
      </Modal>
      <Removal opened={open === "removal"} onClose={close} />
    </Section>
  );
}

function Removal({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const renew = useRenewAccount();
  const remove = useMutation({
    mutationFn: () => take(api.DELETE("/api/v1/account/totp")),
    onSuccess: async () => {
      onClose();
      notifications.show({ message: "The authenticator app is removed. Your other sessions have ended." });
      await renew();
    },
  });
  return (
    <Confirm
      opened={opened}
      title="Remove the authenticator app?"
      action="Remove the app"
      error={remove.error}
      busy={remove.isPending}
      onConfirm={() => remove.mutate()}
      onClose={() => {
        remove.reset();
        onClose();
      }}
    >
      Its codes sign you in no more, and your other sessions end.
    </Confirm>
  );
}
