/** One condition on an attribute: whose, which, how it is compared, and with what. */
import { ActionIcon, Autocomplete, Select, Text } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useProblem, useProblemWithin } from "../content/problems";
import classes from "./Audience.module.css";
import { firstName, join, SUBJECTS, type Subject, split } from "./fields";
import type { BuilderContext } from "./GroupEditor";
import { ValueInput } from "./ValueInput";
import { shapeOf, valueFor } from "./value";
import { type Filter, OPERATORS, type Operator } from "./words";

type Props = {
  filter: Filter;
  onChange: (filter: Filter) => void;
  onRemove: () => void;
  pointer: string;
  context: BuilderContext;
};

const OPERATOR_LIST = Object.entries(OPERATORS).map(([value, label]) => ({ value, label }));

export function FilterRow({ filter, onChange, onRemove, pointer, context }: Props) {
  const { subject, name } = split(filter.field);
  const fieldProblem = useProblem(`${pointer}/field`);
  const valueProblem = useProblem(`${pointer}/value`);
  const any = useProblemWithin(pointer);
  const other = any && !fieldProblem && !valueProblem ? any : undefined;
  const chooseOperator = (op: Operator) => onChange(withValue({ ...filter, op }, valueFor(op, filter.value)));
  return (
    <div className={classes.row}>
      <div className={classes.fields}>
        <Select
          size="xs"
          w={112}
          aria-label="About"
          data={context.subjects.map((value) => ({ value, label: SUBJECTS[value] }))}
          value={subject}
          allowDeselect={false}
          onChange={(next) => next && onChange({ ...filter, field: join(next as Subject, firstName(next as Subject)) })}
        />
        {subject !== "locale" && (
          <Autocomplete
            size="xs"
            className={classes.name}
            aria-label="Attribute"
            placeholder="attribute"
            data={context.suggestions.names(subject)}
            value={name}
            onChange={(next) => onChange({ ...filter, field: join(subject, next.trim()) })}
            error={fieldProblem}
          />
        )}
        <Select
          size="xs"
          w={150}
          aria-label="Comparison"
          data={OPERATOR_LIST}
          value={filter.op}
          allowDeselect={false}
          searchable
          onChange={(op) => op && chooseOperator(op as Operator)}
        />
        {shapeOf(filter.op) !== "none" && (
          <ValueInput
            op={filter.op}
            value={filter.value}
            suggestions={context.suggestions.values(subject, name)}
            onChange={(value) => onChange(withValue(filter, value))}
            error={valueProblem}
          />
        )}
      </div>
      <ActionIcon variant="subtle" color="gray" aria-label="Remove this condition" onClick={onRemove}>
        <IconTrash size={16} />
      </ActionIcon>
      {other && (
        <Text size="xs" c="var(--mantine-color-error)" className={classes.problem} role="alert">
          {other}
        </Text>
      )}
    </div>
  );
}

/** No `value` key at all where the operator takes none. */
function withValue({ field, op }: Filter, value: unknown): Filter {
  return value === undefined ? { field, op } : { field, op, value };
}
