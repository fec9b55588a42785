/** The survey's editor: form at the left, the real thing at the right. */
import { SegmentedControl, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import type { Schema } from "../api/client";
import { type Survey, surveyQuery } from "../content/content";
import { EditorFrame } from "../content/EditorFrame";
import { NO_THEME } from "../content/LookForm";
import { MissingContent } from "../content/MissingContent";
import { PreviewPane } from "../content/PreviewPane";
import { useDraft } from "../content/useDraft";
import { PLACE } from "../frame/links";
import { useEnvironmentId } from "../frame/place";
import { Loaded } from "../states/Loaded";
import { isMissing } from "../states/Missing";
import { QuestionList } from "./QuestionList";

export function SurveyEditorPage() {
  const { id } = useParams({ from: `${PLACE}/content/surveys/$id` });
  const survey = useQuery(surveyQuery(useEnvironmentId(), id));
  if (isMissing(survey)) {
    return <MissingContent kind="survey" />;
  }
  return (
    <Loaded query={survey} skeleton="form">
      {(data) => <Editor key={data.id} survey={data} />}
    </Loaded>
  );
}

function Editor({ survey }: { survey: Survey }) {
  const draft = useDraft(survey);
  const [step, setStep] = useState(0);
  const { definition } = draft.value;
  const change = (next: Partial<typeof definition>) => draft.change({ definition: { ...definition, ...next } });
  const last = definition.questions.length - (definition.closing ? 0 : 1);
  return (
    <EditorFrame
      content={survey}
      draft={draft}
      parts={{
        label: "Questions",
        pointers: ["/questions", "/closing"],
        form: <QuestionList definition={definition} onChange={change} step={step} onStep={setStep} />,
      }}
      look={<Position position={definition.position} onChange={(position) => change({ position })} />}
      preview={
        <PreviewPane
          state={{
            kind: "survey",
            definition,
            theme: definition.theme ?? NO_THEME,
            step: Math.max(0, Math.min(step, last)),
          }}
          onStep={setStep}
        />
      }
    />
  );
}

type Where = Schema["SurveyDefinition"]["position"];
const POSITIONS = [
  { value: "bottom_left", label: "Bottom left" },
  { value: "center", label: "Centre" },
  { value: "bottom_right", label: "Bottom right" },
];

function Position({ position, onChange }: { position: Where; onChange: (position: Where) => void }) {
  return (
    <>
      <Text fw={500} size="sm" mt="md" mb={4} id="position">
        Place in the window
      </Text>
      <SegmentedControl
        aria-labelledby="position"
        data={POSITIONS}
        value={position}
        onChange={(next) => onChange(next as Where)}
      />
    </>
  );
}
