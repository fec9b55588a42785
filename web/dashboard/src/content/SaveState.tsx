import { Anchor, Text, Tooltip } from "@mantine/core";
import { explain } from "../api/problem";
import type { Draft } from "./useDraft";

/** *Saved*, or the truth. */
export function SaveState({ draft }: { draft: Pick<Draft<unknown>, "status" | "failure" | "flush"> }) {
  if (draft.status === "failed") {
    return (
      <Text size="sm" c="var(--mantine-color-error)" role="status">
        <Tooltip label={explain(draft.failure)}>
          <span>Not saved</span>
        </Tooltip>{" "}
        <Anchor component="button" type="button" onClick={() => void draft.flush().catch(() => undefined)}>
          Try again
        </Anchor>
      </Text>
    );
  }
  return (
    <Text size="sm" c="dimmed" role="status">
      {draft.status === "saved" ? "Saved" : "Saving…"}
    </Text>
  );
}
