/** Recovery codes, shown this once: the dialog stays until one says that they are kept. They are in no storage and no log. */
import { Button, Checkbox, CopyButton, Group, Modal, Stack, Text } from "@mantine/core";
import { IconCheck, IconCopy, IconDownload, IconPrinter } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { save } from "../charts/save";
import { recoveryFile } from "../session/codes";
import classes from "./Account.module.css";

/** For the account: over everything else until the codes are kept. */
export function RecoveryCodesDialog({ codes, onKept }: { codes: string[] | undefined; onKept: () => void }) {
  return (
    <Modal
      opened={codes !== undefined}
      onClose={() => undefined}
      closeOnEscape={false}
      closeOnClickOutside={false}
      withCloseButton={false}
      title={<strong>Your recovery codes</strong>}
    >
      {codes && <RecoveryCodes codes={codes} onKept={onKept} />}
    </Modal>
  );
}

export function RecoveryCodes({ codes, onKept }: { codes: string[]; onKept: () => void }) {
  const [kept, setKept] = useState(false);
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, []);
  const file = recoveryFile(codes, window.location.host);
  return (
    <Stack gap="md" data-print>
      <Text>
        Each of these signs you in once, in the place of your second factor, when you have lost it. They are shown only
        now: keep them in your password manager, or on paper.
      </Text>
      <ul className={classes.codes} aria-label="Recovery codes">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <Group gap="xs" data-noprint>
        <CopyButton value={codes.join("\n")} timeout={2000}>
          {({ copied, copy }) => (
            <Button
              variant="default"
              data-autofocus
              autoFocus
              leftSection={copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
              onClick={copy}
            >
              {copied ? "Copied" : "Copy"}
            </Button>
          )}
        </CopyButton>
        <Button
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
          onClick={() => save("pilotfish-recovery-codes.txt", new Blob([file], { type: "text/plain;charset=utf-8" }))}
        >
          Download
        </Button>
        <Button variant="default" leftSection={<IconPrinter size={16} aria-hidden />} onClick={() => window.print()}>
          Print
        </Button>
      </Group>
      <Checkbox
        data-noprint
        label="I have kept these codes where only I can read them"
        checked={kept}
        onChange={(event) => setKept(event.currentTarget.checked)}
      />
      <Group justify="flex-end" data-noprint>
        <Button disabled={!kept} onClick={onKept}>
          Done
        </Button>
      </Group>
    </Stack>
  );
}
