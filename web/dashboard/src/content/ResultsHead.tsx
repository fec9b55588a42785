/** The head of both kinds of results: name, state, live mark, the way back to the editor. */

import { LinkAnchor, LinkButton, PLACE } from "../frame/links";
import { PageHead } from "../frame/PageHead";
import type { Content, Kind } from "./content";
import { StatusBadge } from "./StatusBadge";

export function ResultsHead({ content, kind, id }: { content: Content | undefined; kind: Kind; id: string }) {
  return (
    <PageHead
      title={content?.name ?? "Results"}
      mark={content && <StatusBadge status={content.status} />}
      sentence={`What came back from this ${kind}. Updates by itself.`}
      back={
        <LinkAnchor from={PLACE} to="./content" size="sm">
          Content
        </LinkAnchor>
      }
      action={
        <LinkButton
          from={PLACE}
          to={kind === "survey" ? "./content/surveys/$id" : "./content/flows/$id"}
          params={{ id }}
          variant="default"
        >
          Edit
        </LinkButton>
      }
    />
  );
}
