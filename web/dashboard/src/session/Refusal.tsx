/** A refusal at a form: said once to whoever listens; too many attempts are counted down for whoever looks. */
import { Alert, VisuallyHidden } from "@mantine/core";
import type { ReactNode } from "react";
import { explain, Problem } from "../api/problem";
import { passkeyTrouble, wasReplaced } from "./passkeys";
import { countdown, useWait } from "./wait";

type Props = {
  error: unknown;
  /** What this form says of a refusal by its code. */
  words?: Record<string, ReactNode>;
  /** What was kept and what to do, where nothing else is said. */
  kept?: ReactNode;
};

export function Refusal({ error, words = {}, kept = "Nothing was changed." }: Props) {
  const left = useWait(error);
  if (!error || wasReplaced(error)) {
    return null;
  }
  if (error instanceof Problem && error.status === 429) {
    return <TooMany left={left} says={explain(error)} />;
  }
  const own = error instanceof Problem ? words[error.code] : passkeyTrouble(error);
  return (
    <Alert color="coral" role="alert">
      {own ?? (
        <>
          {explain(error)} {kept}
        </>
      )}
    </Alert>
  );
}

function TooMany({ left, says }: { left: number; says: string }) {
  return left > 0 ? (
    <Alert color="amber" role="alert">
      <VisuallyHidden>{says}</VisuallyHidden>
      <span aria-hidden className="figures">
        Too many attempts. Try again in {countdown(left)}.
      </span>
    </Alert>
  ) : (
    <Alert color="sea" role="status">
      You can try again now.
    </Alert>
  );
}
