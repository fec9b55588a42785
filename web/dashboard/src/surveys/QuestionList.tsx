/** The questions of a survey, in their order, and the message at its end. */
import { Button, Card, Menu, Stack, Switch, Text, Textarea, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import type { Schema } from "../api/client";
import { ItemCard } from "../content/ItemCard";
import { freshId, insertAt, removeAt, replaceAt } from "../content/ids";
import { useProblem } from "../content/problems";
import { moved, SortableList } from "../content/SortableList";
import { QuestionForm } from "./QuestionForm";
import { QUESTION_KINDS, type Question, type QuestionKind, questionOf } from "./questions";

type Definition = Schema["SurveyDefinition"];
type Props = {
  definition: Definition;
  onChange: (next: Partial<Definition>) => void;
  /** Which question is open; as many as there are questions: the closing message. */
  step: number;
  onStep: (step: number) => void;
};

export function QuestionList({ definition, onChange, step, onStep }: Props) {
  const { questions } = definition;
  const problem = useProblem("/questions");
  const set = (next: Question[]) => onChange({ questions: next });
  const reorder = (next: Question[]) => {
    const open = questions[step];
    set(next);
    onStep(open ? next.indexOf(open) : step);
  };
  const add = (kind: QuestionKind) => {
    set([...questions, questionOf(kind, freshId("q", questions))]);
    onStep(questions.length);
  };
  return (
    <Stack gap="sm">
      <SortableList
        label="Questions"
        items={questions}
        onReorder={reorder}
        nameOf={(question, index) => `question ${index + 1}: ${question.text}`}
      >
        {(question, index, handle, removing) => {
          const { label, icon: Icon } = QUESTION_KINDS[question.kind];
          return (
            <ItemCard
              index={index}
              title={question.text}
              kind={label}
              icon={<Icon size={16} stroke={1.75} aria-hidden />}
              handle={handle}
              open={step === index}
              onOpen={() => onStep(index)}
              pointer={`/questions/${index}`}
              actions={{
                last: index === questions.length - 1,
                onMove: (by) => reorder(moved(questions, index, by)),
                onDuplicate: () => set(insertAt(questions, index + 1, { ...question, id: freshId("q", questions) })),
                onRemove: () => {
                  removing();
                  set(removeAt(questions, index));
                },
              }}
            >
              <QuestionForm
                question={question}
                onChange={(next) => set(replaceAt(questions, index, next))}
                pointer={`/questions/${index}`}
              />
            </ItemCard>
          );
        }}
      </SortableList>
      {problem && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {problem}
        </Text>
      )}
      <AddQuestion onAdd={add} />
      <Closing
        closing={definition.closing}
        onChange={(closing) => onChange({ closing })}
        onFocus={() => onStep(questions.length)}
      />
    </Stack>
  );
}

function AddQuestion({ onAdd }: { onAdd: (kind: QuestionKind) => void }) {
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button variant="default" leftSection={<IconPlus size={16} />} style={{ alignSelf: "start" }}>
          Add a question
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {Object.entries(QUESTION_KINDS).map(([kind, { label, icon: Icon }]) => (
          <Menu.Item key={kind} leftSection={<Icon size={16} />} onClick={() => onAdd(kind as QuestionKind)}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

type ClosingProps = {
  closing: Definition["closing"];
  onChange: (closing: Definition["closing"]) => void;
  onFocus: () => void;
};

function Closing({ closing, onChange, onFocus }: ClosingProps) {
  const problem = useProblem("/closing/title");
  return (
    <Card padding="md" onFocus={onFocus} component="section" aria-label="Closing message">
      <Switch
        label="Say thank you at the end"
        checked={closing !== null}
        onChange={(event) => onChange(event.currentTarget.checked ? { title: "Thank you", body: "" } : null)}
      />
      {closing && (
        <Stack gap="sm" mt="md">
          <TextInput
            label="Title"
            value={closing.title}
            onChange={(event) => onChange({ ...closing, title: event.currentTarget.value })}
            error={problem}
          />
          <Textarea
            label="Text"
            autosize
            minRows={1}
            value={closing.body}
            onChange={(event) => onChange({ ...closing, body: event.currentTarget.value })}
          />
        </Stack>
      )}
    </Card>
  );
}
