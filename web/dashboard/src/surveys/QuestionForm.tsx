/** The fields of one question. */
import { Checkbox, Group, Select, Textarea, TextInput } from "@mantine/core";
import { useProblem } from "../content/problems";
import { ChoicesForm } from "./ChoicesForm";
import { QUESTION_KINDS, type Question, type QuestionKind, questionOf } from "./questions";

type Props = { question: Question; onChange: (question: Question) => void; pointer: string };

const KINDS = Object.entries(QUESTION_KINDS).map(([value, { label }]) => ({ value, label }));

export function QuestionForm({ question, onChange, pointer }: Props) {
  const problem = useProblem(`${pointer}/text`);
  return (
    <>
      <Textarea
        label="Question"
        autosize
        minRows={1}
        value={question.text}
        onChange={(event) => onChange({ ...question, text: event.currentTarget.value })}
        error={problem}
      />
      <Select
        label="Answer"
        data={KINDS}
        value={question.kind}
        allowDeselect={false}
        onChange={(kind) => kind && onChange(questionOf(kind as QuestionKind, question.id, question))}
      />
      {question.kind === "nps" && (
        <Group grow>
          <TextInput
            label="Words at 0"
            value={question.low ?? ""}
            onChange={(event) => onChange({ ...question, low: event.currentTarget.value })}
          />
          <TextInput
            label="Words at 10"
            value={question.high ?? ""}
            onChange={(event) => onChange({ ...question, high: event.currentTarget.value })}
          />
        </Group>
      )}
      {question.kind === "open_text" && (
        <TextInput
          label="Hint in the empty field"
          description="Answers in own words are treated as personal data: sealed, and shown only on request."
          value={question.placeholder ?? ""}
          onChange={(event) => onChange({ ...question, placeholder: event.currentTarget.value })}
        />
      )}
      {(question.kind === "single_choice" || question.kind === "multiple_choice") && (
        <ChoicesForm
          choices={question.choices}
          onChange={(choices) => onChange({ ...question, choices })}
          pointer={`${pointer}/choices`}
        />
      )}
      <Checkbox
        label="An answer is required"
        checked={question.required}
        onChange={(event) => onChange({ ...question, required: event.currentTarget.checked })}
      />
    </>
  );
}
