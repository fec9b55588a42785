/** The buttons of a step, at most three: what they say and what they do. */
import { ActionIcon, Button, Select, Text, TextInput } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useRef } from "react";
import { removeAt, replaceAt } from "../content/ids";
import { useProblem } from "../content/problems";
import { useFocusAfterRemoval } from "../frame/focus";
import classes from "./StepForm.module.css";
import { ACTIONS, buttonOf, type StepButton } from "./steps";

type Props = { buttons: StepButton[]; onChange: (buttons: StepButton[]) => void; pointer: string };

const MOST = 3;
const ACTION_LIST = Object.entries(ACTIONS).map(([value, label]) => ({ value, label }));

export function ButtonsForm({ buttons, onChange, pointer }: Props) {
  const problem = useProblem(pointer);
  const addButton = useRef<HTMLButtonElement>(null);
  const itemOf = (index: number) => `button-${pointer}-${index}`;
  const removing = useFocusAfterRemoval(
    buttons.map((_button, index) => itemOf(index)),
    () => addButton.current?.focus(),
  );
  return (
    <div>
      <Text size="sm" fw={500} mb={4}>
        Buttons
      </Text>
      {buttons.map((button, index) => (
        <ButtonRow
          // biome-ignore lint/suspicious/noArrayIndexKey: buttons have no id, and all of their state is in the list
          key={index}
          button={button}
          index={index}
          pointer={`${pointer}/${index}`}
          onChange={(next) => onChange(replaceAt(buttons, index, next))}
          item={itemOf(index)}
          onRemove={() => {
            removing(itemOf(index));
            onChange(removeAt(buttons, index));
          }}
        />
      ))}
      {problem && (
        <Text size="xs" c="var(--mantine-color-error)" role="alert">
          {problem}
        </Text>
      )}
      {buttons.length < MOST && (
        <Button
          ref={addButton}
          size="compact-sm"
          variant="subtle"
          leftSection={<IconPlus size={14} />}
          onClick={() => onChange([...buttons, { text: "", action: "next" }])}
        >
          Add a button
        </Button>
      )}
    </div>
  );
}

type RowProps = {
  button: StepButton;
  index: number;
  pointer: string;
  item: string;
  onChange: (button: StepButton) => void;
  onRemove: () => void;
};

function ButtonRow({ button, index, pointer, item, onChange, onRemove }: RowProps) {
  const textProblem = useProblem(`${pointer}/text`);
  const urlProblem = useProblem(`${pointer}/url`);
  return (
    <div className={classes.button} data-item={item}>
      <TextInput
        size="xs"
        className={classes.grow}
        aria-label={`Words on button ${index + 1}`}
        placeholder="Next"
        value={button.text}
        onChange={(event) => onChange({ ...button, text: event.currentTarget.value })}
        error={textProblem}
      />
      <Select
        size="xs"
        w={130}
        aria-label={`What button ${index + 1} does`}
        data={ACTION_LIST}
        value={button.action}
        allowDeselect={false}
        onChange={(action) => action && onChange(buttonOf(action as StepButton["action"], button.text))}
      />
      {button.action === "link" && (
        <TextInput
          size="xs"
          className={classes.grow}
          aria-label={`Address of button ${index + 1}`}
          placeholder="/invoices"
          value={button.url ?? ""}
          onChange={(event) => onChange({ ...button, url: event.currentTarget.value })}
          error={urlProblem}
        />
      )}
      <ActionIcon variant="subtle" color="gray" aria-label={`Remove button ${index + 1}`} onClick={onRemove}>
        <IconX size={16} />
      </ActionIcon>
    </div>
  );
}
