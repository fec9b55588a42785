import { Badge } from "@mantine/core";
import type { Content } from "./content";

const LOOKS = { draft: "gray", live: "coral", paused: "amber" } as const;

/** Coral means live, here as everywhere. */
export function StatusBadge({ status }: { status: Content["status"] }) {
  return (
    <Badge color={LOOKS[status]} variant={status === "live" ? "dot" : "light"}>
      {status}
    </Badge>
  );
}
