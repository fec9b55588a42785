/** How many recovery codes are left, and new ones in their place. */
import { Alert, Button, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, take } from "../api/client";
import { explain } from "../api/problem";
import { Confirm } from "../states/Confirm";
import { Section } from "./Section";

const FEW = 3;

export function RecoveryCard({ left, onMade }: { left: number; onMade: (codes: string[]) => void }) {
  const [asking, setAsking] = useState(false);
  const make = useMutation({
    mutationFn: () => take(api.POST("/api/v1/account/recovery-codes")),
    onSuccess: ({ recovery_codes }) => {
      setAsking(false);
      onMade(recovery_codes);
    },
  });
  const ask = () => (left > 0 ? setAsking(true) : make.mutate());
  return (
    <Section title="Recovery codes" text="For when your second factor is lost. Each works once.">
      {left <= FEW ? (
        <Alert color="amber" mb="md">
          {left === 0 ? "None is left" : `Only ${left} ${left === 1 ? "is" : "are"} left`}: make new ones while you can.
        </Alert>
      ) : (
        <Text mb="md">{left} are left.</Text>
      )}
      {make.isError && !asking && (
        <Alert color="coral" mb="md" role="alert">
          {explain(make.error)} No codes were made, and the old ones still work.
        </Alert>
      )}
      <Button variant="default" onClick={ask} loading={make.isPending && !asking}>
        Make new codes
      </Button>
      <Confirm
        opened={asking}
        title="Make new recovery codes?"
        action="Make new codes"
        error={make.error}
        busy={make.isPending}
        onConfirm={() => make.mutate()}
        onClose={() => {
          make.reset();
          setAsking(false);
        }}
      >
        The {left} codes that are left stop working. The new ones are shown once.
      </Confirm>
    </Section>
  );
}
