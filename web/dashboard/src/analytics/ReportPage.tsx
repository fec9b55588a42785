/** A saved question: asked anew whenever it is opened. What is changed here is kept only when it is saved. */
import { ActionIcon, Button, Menu } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconCopy, IconDots, IconLink, IconPencil, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { explain } from "../api/problem";
import { LinkAnchor, LinkButton, PLACE } from "../frame/links";
import { PageHead } from "../frame/PageHead";
import { useEnvironmentId, usePlace } from "../frame/place";
import { Loaded } from "../states/Loaded";
import { isMissing, Missing } from "../states/Missing";
import { draftOf, keepDraft } from "./drafts";
import { afterConflict, afterSave, type Edit, edited, isChanged, type Sent } from "./edit";
import { QuestionScreen } from "./QuestionScreen";
import { isComplete, KINDS } from "./question";
import {
  createReport,
  deleteReport,
  isConflict,
  type MarkedReport,
  type NewReport,
  replaceReport,
  reportQuery,
} from "./reports";
import { mayEdit } from "./roles";
import { SaveDialog } from "./SaveDialog";

export function ReportPage() {
  const { id } = useParams({ from: `${PLACE}/insights/$id` });
  const report = useQuery(reportQuery(useEnvironmentId(), id));
  if (isMissing(report)) {
    return (
      <Missing
        title="There is no such question"
        action={
          <LinkButton from={PLACE} to="./insights">
            All questions
          </LinkButton>
        }
      >
        It may be another environment’s, or it was deleted. What was deleted can be restored for 30 days.
      </Missing>
    );
  }
  return (
    <Loaded query={report} skeleton="cards">
      {(data) => <SavedQuestion key={data.id} report={data} />}
    </Loaded>
  );
}

/** Makes another of what is changed and not saved. */
type Put = (next: (edit: Edit | undefined) => Edit | undefined) => void;

function SavedQuestion({ report }: { report: MarkedReport }) {
  const { environment, me } = usePlace();
  const [edit, setEdit] = useState(() => draftOf(environment.id, report.id));
  const { question, chart } = edit ?? report;
  const put: Put = (next) => {
    const kept = next(draftOf(environment.id, report.id));
    keepDraft(environment.id, report.id, kept);
    setEdit(kept);
  };
  const change = (next: Partial<Edit>) => put((before) => edited(report, before, next));
  const [naming, setNaming] = useState<"rename" | "copy" | null>(null);
  const actions = useActions(report, put);
  const named = (name: string) => {
    const close = { onSuccess: () => setNaming(null) };
    if (naming === "copy") {
      actions.copy.mutate({ name, question, chart }, close);
    } else {
      actions.save.mutate({ name, question: report.question, chart: report.chart, of: report.etag }, close);
    }
  };
  return (
    <>
      <PageHead
        title={report.name}
        sentence={KINDS[report.question.kind].sentence}
        back={
          <LinkAnchor from={PLACE} to="./insights" size="sm">
            Insights
          </LinkAnchor>
        }
        action={
          <>
            {isChanged(report, edit) && (
              <Button variant="default" onClick={() => put(() => undefined)}>
                Undo changes
              </Button>
            )}
            {mayEdit(me.role) && edit && isChanged(report, edit) && (
              <Button
                disabled={!isComplete(question)}
                loading={actions.save.isPending}
                onClick={() => actions.save.mutate({ name: report.name, ...edit, edit })}
              >
                Save changes
              </Button>
            )}
            <ReportMenu
              name={report.name}
              may={mayEdit(me.role)}
              onName={setNaming}
              onDelete={() => actions.remove.mutate()}
            />
          </>
        }
      />
      <QuestionScreen
        question={question}
        onChange={(next) => change({ question: next })}
        chart={chart}
        onChart={(next) => change({ chart: next })}
      />
      <SaveDialog
        opened={naming !== null}
        title={naming === "copy" ? "Save as another question" : "Rename this question"}
        name={naming === "copy" ? `${report.name}, copy` : report.name}
        saving={actions.save.isPending || actions.copy.isPending}
        onSave={named}
        onClose={() => setNaming(null)}
      />
    </>
  );
}

type MenuProps = { name: string; may: boolean; onName: (what: "rename" | "copy") => void; onDelete: () => void };

function ReportMenu({ name, may, onName, onDelete }: MenuProps) {
  const copyLink = () => {
    const done = () => notifications.show({ message: "The link opens for whoever may see this environment." });
    const failed = () =>
      notifications.show({ color: "coral", title: "Not copied", message: "Copy the address instead." });
    navigator.clipboard.writeText(window.location.href).then(done, failed);
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="default" size={36} aria-label={`More about ${name}`}>
          <IconDots size={18} stroke={1.75} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconLink size={16} />} onClick={copyLink}>
          Copy the link
        </Menu.Item>
        {may && (
          <>
            <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => onName("rename")}>
              Rename
            </Menu.Item>
            <Menu.Item leftSection={<IconCopy size={16} />} onClick={() => onName("copy")}>
              Save as another
            </Menu.Item>
            <Menu.Divider />
            <Menu.Item color="coral" leftSection={<IconTrash size={16} />} onClick={onDelete}>
              Delete
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

const THEIRS =
  "Somebody else changed this question meanwhile, and nothing of that is lost. Save again to give it this name.";
const THEIRS_OR_YOURS =
  "Somebody else changed this question meanwhile. Your changes are kept: save again to replace theirs, or undo yours to see theirs.";

/** What can be done with a report, with what the lists show kept true. */
function useActions(report: MarkedReport, put: Put) {
  const environment = useEnvironmentId();
  const client = useQueryClient();
  const navigate = useNavigate({ from: PLACE });
  const refused = (title: string) => (error: Error) =>
    notifications.show({ color: "coral", title, message: explain(error) });
  const keep = (saved: MarkedReport) => {
    void client.invalidateQueries({ queryKey: [environment, "reports"] });
    client.setQueryData(reportQuery(environment, saved.id).queryKey, saved);
  };
  const save = useMutation({
    mutationFn: (sent: NewReport & Sent) => replaceReport(report.id, sent, sent.of),
    onSuccess: (saved, sent) => {
      put((edit) => afterSave(edit, sent, saved));
      keep(saved);
      notifications.show({ message: `“${saved.name}” is saved.` });
    },
    onError: async (error, sent) => {
      if (!isConflict(error)) {
        return refused("Not saved")(error);
      }
      const theirs = await client
        .fetchQuery({ ...reportQuery(environment, report.id), staleTime: 0 })
        .catch(() => null);
      if (!theirs) {
        return refused("Not saved")(error);
      }
      if (sent.edit) {
        put((edit) => afterConflict(edit, theirs));
      }
      notifications.show({ color: "coral", title: "Not saved", message: sent.edit ? THEIRS_OR_YOURS : THEIRS });
    },
  });
  const copy = useMutation({
    mutationFn: createReport,
    onSuccess: (saved) => {
      keep(saved);
      void navigate({ to: "./insights/$id", params: { id: saved.id } });
    },
    onError: refused("Not saved"),
  });
  const remove = useMutation({
    mutationFn: () => deleteReport(report.id),
    onSuccess: async () => {
      keepDraft(environment, report.id, undefined);
      await navigate({ to: "./insights" });
      client.removeQueries({ queryKey: reportQuery(environment, report.id).queryKey });
      void client.invalidateQueries({ queryKey: [environment, "reports"] });
      notifications.show({ message: `“${report.name}” is deleted. It can be restored for 30 days.` });
    },
    onError: refused("Not deleted"),
  });
  return { save, copy, remove };
}
