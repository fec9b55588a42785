/** What can be chosen, in its order. */
import { ActionIcon, Button, Text, TextInput } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import type { Schema } from "../api/client";
import { freshId, removeAt, replaceAt } from "../content/ids";
import { useProblem } from "../content/problems";
import { SortableList } from "../content/SortableList";
import classes from "./ChoicesForm.module.css";

type Choice = Schema["Choice"];
type Props = { choices: Choice[]; onChange: (choices: Choice[]) => void; pointer: string };

export function ChoicesForm({ choices, onChange, pointer }: Props) {
  const problem = useProblem(pointer);
  return (
    <div>
      <Text size="sm" fw={500} mb={4}>
        Answers to choose from
      </Text>
      <SortableList label="Choices" items={choices} onReorder={onChange} nameOf={(choice) => choice.text || "choice"}>
        {(choice, index, handle, removing) => (
          <div className={classes.choice}>
            {handle}
            <ChoiceInput
              choice={choice}
              index={index}
              pointer={`${pointer}/${index}/text`}
              onChange={(text) => onChange(replaceAt(choices, index, { ...choice, text }))}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`Remove ${choice.text || "this choice"}`}
              onClick={() => {
                removing();
                onChange(removeAt(choices, index));
              }}
            >
              <IconX size={16} />
            </ActionIcon>
          </div>
        )}
      </SortableList>
      {problem && (
        <Text size="xs" c="var(--mantine-color-error)" mt={4} role="alert">
          {problem}
        </Text>
      )}
      <Button
        mt={6}
        size="compact-sm"
        variant="subtle"
        leftSection={<IconPlus size={14} />}
        onClick={() => onChange([...choices, { id: freshId("c", choices), text: "" }])}
      >
        Add an answer
      </Button>
    </div>
  );
}

type InputProps = { choice: Choice; index: number; pointer: string; onChange: (text: string) => void };

function ChoiceInput({ choice, index, pointer, onChange }: InputProps) {
  const problem = useProblem(pointer);
  return (
    <TextInput
      className={classes.input}
      size="xs"
      variant="unstyled"
      aria-label={`Choice ${index + 1}`}
      placeholder="Answer"
      value={choice.text}
      onChange={(event) => onChange(event.currentTarget.value)}
      error={problem}
    />
  );
}
