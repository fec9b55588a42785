import { LinkAnchor, LinkButton, PLACE } from "../frame/links";
import { Missing } from "../states/Missing";
import type { Kind } from "./content";

export function MissingContent({ kind }: { kind: Kind }) {
  return (
    <Missing
      title={`There is no such ${kind}`}
      action={
        <LinkButton from={PLACE} to="./content">
          All content
        </LinkButton>
      }
    >
      The address may be mistyped, or it is of another environment. If it was deleted, it is kept for 30 days in{" "}
      <LinkAnchor from={PLACE} to="./content/deleted" underline="always">
        deleted content
      </LinkAnchor>
      .
    </Missing>
  );
}
