/**
 * The dialog that asks for a fresh proof, whatever was being done: see `api/stepUp.ts`. It lies over every other dialog, and
 * Escape closes only this one.
 */
import { Modal, Text } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import type { ProofKind } from "../api/problem";
import { proveBy } from "../api/stepUp";
import { onOver } from "./over";
import { ProofForm } from "./ProofForm";

type Asked = { next: ProofKind[]; answer: (proven: boolean) => void };
const ABOVE = 400;

export function StepUp() {
  const { asked, end } = useAsked();
  return (
    <Modal
      opened={asked !== undefined}
      onClose={() => end(false)}
      closeOnEscape={false}
      closeOnClickOutside={false}
      closeButtonProps={{ "aria-label": "Cancel" }}
      zIndex={ABOVE}
      size="sm"
      title="Confirm that it is you"
    >
      {asked && (
        <>
          <Text c="dimmed" mb="md">
            This asks for a fresh proof: at most 10 minutes old, and by your passkey or security key where it changes
            what you sign in with. What you were doing then goes on by itself.
          </Text>
          <ProofForm next={asked.next} onProven={() => end(true)} />
        </>
      )}
    </Modal>
  );
}

/** What is asked for now, and the answer to it: whatever ends the question, whoever waits is told. */
function useAsked() {
  const [asked, setAsked] = useState<Asked>();
  const latest = useRef<Asked>(undefined);
  const end = useRef((proven: boolean) => {
    latest.current?.answer(proven);
    latest.current = undefined;
    setAsked(undefined);
  }).current;
  useEffect(() => {
    proveBy(
      (next) =>
        new Promise((answer) => {
          latest.current = { next, answer };
          setAsked(latest.current);
        }),
    );
    const stopListening = onOver(() => end(false));
    // Heard before any dialog that lies below, since it is listened for from the beginning.
    const onKey = (event: KeyboardEvent) => {
      if (latest.current && event.key === "Escape" && !event.isComposing) {
        event.stopImmediatePropagation();
        end(false);
      }
    };
    window.addEventListener("keydown", onKey, { capture: true });
    return () => {
      stopListening();
      window.removeEventListener("keydown", onKey, { capture: true });
    };
  }, [end]);
  return { asked, end };
}
