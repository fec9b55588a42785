/** Which event, and what must hold of it: a list that can be searched, and conditions below. */
import { ActionIcon, Autocomplete, Button, Menu, Text } from "@mantine/core";
import { IconFilterPlus, IconX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { DidRow } from "../audience/DidRow";
import { FilterRow } from "../audience/FilterRow";
import { firstName, join, type Subject } from "../audience/fields";
import type { BuilderContext } from "../audience/GroupEditor";
import { useProblem } from "../content/problems";
import classes from "./Analytics.module.css";
import type { Condition, Step } from "./question";

const MOST_CONDITIONS = 20;

type Props<S extends Step> = {
  label: string;
  step: S;
  onChange: (step: S) => void;
  onRemove?: (() => void) | undefined;
  pointer: string;
  context: BuilderContext;
  children?: ReactNode;
};

export function EventPicker<S extends Step>({ label, step, onChange, onRemove, pointer, context, children }: Props<S>) {
  const problem = useProblem(`${pointer}/event`);
  const filtersProblem = useProblem(`${pointer}/filters`);
  const filters = step.filters ?? [];
  const change = (next: Condition[]) => onChange({ ...step, filters: next });
  return (
    <fieldset className={classes.event}>
      <legend className={classes.hidden}>{label}</legend>
      <div className={classes.line}>
        <Autocomplete
          size="xs"
          className={classes.grow}
          label={label}
          placeholder="Search an event"
          data={context.suggestions.events}
          value={step.event}
          onChange={(event) => onChange({ ...step, event })}
          limit={50}
          maxDropdownHeight={320}
          error={problem}
        />
        {filters.length < MOST_CONDITIONS && (
          <AddCondition onAdd={(condition) => change([...filters, condition])} label={label} />
        )}
        {onRemove && (
          <ActionIcon variant="subtle" color="gray" aria-label={`Remove ${label}`} onClick={onRemove} mt={20}>
            <IconX size={16} />
          </ActionIcon>
        )}
      </div>
      {children}
      <ProblemText>{filtersProblem}</ProblemText>
      {filters.map((condition, index) => {
        const row = {
          pointer: `${pointer}/filters/${index}`,
          context,
          onRemove: () => change(filters.filter((_, at) => at !== index)),
        };
        const put = (next: Condition) => change(filters.map((one, at) => (at === index ? next : one)));
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a condition is nothing but its place and what is typed there
          <div key={`${index}-${filters.length}`} className={classes.condition}>
            {"event" in condition ? (
              <DidRow {...row} did={condition} onChange={put} />
            ) : (
              <FilterRow {...row} filter={condition} onChange={put} />
            )}
          </div>
        );
      })}
    </fieldset>
  );
}

const ABOUT: Partial<Record<Subject, string>> = {
  event: "About the event",
  person: "About the person",
  company: "About the company",
  page: "About the page",
  device: "About the device",
};

function AddCondition({ onAdd, label }: { onAdd: (condition: Condition) => void; label: string }) {
  const begin = (subject: Subject) => onAdd({ field: join(subject, firstName(subject)), op: "is", value: "" });
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`Add a condition to ${label}`} mt={20}>
          <IconFilterPlus size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {Object.entries(ABOUT).map(([subject, words]) => (
          <Menu.Item key={subject} onClick={() => begin(subject as Subject)}>
            {words}
          </Menu.Item>
        ))}
        <Menu.Item onClick={() => onAdd({ event: "", filters: [], count: { op: "gte", value: 1 }, within: "30d" })}>
          What they did
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** What is wrong with a whole list. */
export function ProblemText({ children }: { children: string | undefined }) {
  return (
    children && (
      <Text size="xs" c="var(--mantine-color-error)" role="alert">
        {children}
      </Text>
    )
  );
}

/** A button that adds another of something, while there may be more. */
export function Another({ onClick, children }: { onClick: () => void; children: ReactNode }) {
  return (
    <Button size="compact-sm" variant="subtle" className={classes.another} onClick={onClick}>
      {children}
    </Button>
  );
}
