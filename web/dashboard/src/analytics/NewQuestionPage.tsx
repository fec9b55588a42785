/** A question that is not saved: it stays while the tab is open, and its address says only which kind it is. */
import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { explain } from "../api/problem";
import { LinkAnchor, PLACE } from "../frame/links";
import { PageHead } from "../frame/PageHead";
import { usePlace } from "../frame/place";
import { NotFoundInPlace } from "../states/RouteStates";
import { draftOf, keepDraft } from "./drafts";
import type { Edit } from "./edit";
import { QuestionScreen } from "./QuestionScreen";
import { begin, isComplete, KINDS, type Kind, title } from "./question";
import { createReport } from "./reports";
import { mayEdit } from "./roles";
import { SaveDialog } from "./SaveDialog";

export function NewQuestionPage() {
  const { kind } = useParams({ from: `${PLACE}/insights/new/$kind` });
  return kind in KINDS ? <NewQuestion key={kind} kind={kind as Kind} /> : <NotFoundInPlace />;
}

function NewQuestion({ kind }: { kind: Kind }) {
  const { environment, me } = usePlace();
  const client = useQueryClient();
  const navigate = useNavigate({ from: PLACE });
  const [draft, setDraft] = useState<Edit>(
    () => draftOf(environment.id, kind) ?? { question: begin(kind), chart: "line", of: null },
  );
  const { question, chart } = draft;
  const [naming, setNaming] = useState(false);
  const change = (next: Partial<Edit>) => {
    keepDraft(environment.id, kind, { ...draft, ...next });
    setDraft({ ...draft, ...next });
  };
  const save = useMutation({
    mutationFn: (name: string) => createReport({ name, question, chart }),
    onSuccess: (report) => {
      keepDraft(environment.id, kind, undefined);
      void client.invalidateQueries({ queryKey: [environment.id, "reports"] });
      void navigate({ to: "./insights/$id", params: { id: report.id } });
    },
    onError: (error) => notifications.show({ color: "coral", title: "Not saved", message: explain(error) }),
  });
  return (
    <>
      <PageHead
        title={`New ${KINDS[kind].label.toLowerCase()}`}
        sentence={KINDS[kind].sentence}
        back={
          <LinkAnchor from={PLACE} to="./insights" size="sm">
            Insights
          </LinkAnchor>
        }
        action={
          mayEdit(me.role) && (
            <Button disabled={!isComplete(question)} onClick={() => setNaming(true)}>
              Save
            </Button>
          )
        }
      />
      <QuestionScreen
        question={question}
        onChange={(next) => change({ question: next })}
        chart={chart}
        onChart={(next) => change({ chart: next })}
      />
      <SaveDialog
        opened={naming}
        title="Save this question"
        name={title(question)}
        saving={save.isPending}
        onSave={(name) => save.mutate(name)}
        onClose={() => setNaming(false)}
      />
    </>
  );
}
