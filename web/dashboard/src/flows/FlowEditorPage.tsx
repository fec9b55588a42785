/** The flow's editor: form at the left, the real thing at the right. */
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { type Flow, flowQuery } from "../content/content";
import { EditorFrame } from "../content/EditorFrame";
import { NO_THEME } from "../content/LookForm";
import { MissingContent } from "../content/MissingContent";
import { PreviewPane } from "../content/PreviewPane";
import { useDraft } from "../content/useDraft";
import { PLACE } from "../frame/links";
import { useEnvironmentId } from "../frame/place";
import { Loaded } from "../states/Loaded";
import { isMissing } from "../states/Missing";
import { StepList } from "./StepList";

export function FlowEditorPage() {
  const { id } = useParams({ from: `${PLACE}/content/flows/$id` });
  const flow = useQuery(flowQuery(useEnvironmentId(), id));
  if (isMissing(flow)) {
    return <MissingContent kind="flow" />;
  }
  return (
    <Loaded query={flow} skeleton="form">
      {(data) => <Editor key={data.id} flow={data} />}
    </Loaded>
  );
}

function Editor({ flow }: { flow: Flow }) {
  const draft = useDraft(flow);
  const [step, setStep] = useState(0);
  const { definition } = draft.value;
  const shown = Math.max(0, Math.min(step, definition.steps.length - 1));
  return (
    <EditorFrame
      content={flow}
      draft={draft}
      parts={{
        label: "Steps",
        pointers: ["/steps"],
        form: (
          <StepList
            steps={definition.steps}
            onChange={(steps) => draft.change({ definition: { ...definition, steps } })}
            open={step}
            onOpen={setStep}
          />
        ),
      }}
      preview={
        <PreviewPane
          state={{ kind: "flow", definition, theme: definition.theme ?? NO_THEME, step: shown }}
          onStep={setStep}
        />
      }
    />
  );
}
