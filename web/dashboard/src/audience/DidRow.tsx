/** One condition on what somebody did: the event, how often, and within which time. */
import { ActionIcon, Autocomplete, NumberInput, Select, Text } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useProblem, useProblemWithin } from "../content/problems";
import classes from "./Audience.module.css";
import type { BuilderContext } from "./GroupEditor";
import { type Did, filterWords } from "./words";

type Props = {
  did: Did;
  onChange: (did: Did) => void;
  onRemove: () => void;
  pointer: string;
  context: BuilderContext;
};

const COUNTS = [
  { value: "gte", label: "at least" },
  { value: "lte", label: "at most" },
  { value: "is", label: "exactly" },
  { value: "gt", label: "more than" },
  { value: "lt", label: "fewer than" },
];
const WINDOWS = [
  { value: "", label: "at any time" },
  { value: "24h", label: "in 24 hours" },
  { value: "7d", label: "in 7 days" },
  { value: "30d", label: "in 30 days" },
  { value: "90d", label: "in 90 days" },
];

export function DidRow({ did, onChange, onRemove, pointer, context }: Props) {
  const eventProblem = useProblem(`${pointer}/event`);
  const any = useProblemWithin(pointer);
  const count = did.count ?? { op: "gte", value: 1 };
  const windows = WINDOWS.some((one) => one.value === (did.within ?? ""))
    ? WINDOWS
    : [...WINDOWS, { value: did.within ?? "", label: `in ${did.within}` }];
  return (
    <div className={classes.row}>
      <div className={classes.fields}>
        <span className={classes.fixed}>Did</span>
        <Autocomplete
          size="xs"
          className={classes.name}
          aria-label="Event"
          placeholder="event"
          data={context.suggestions.events}
          value={did.event}
          onChange={(event) => onChange({ ...did, event })}
          error={eventProblem}
        />
        <Select
          size="xs"
          w={104}
          aria-label="How often"
          data={COUNTS}
          value={count.op}
          allowDeselect={false}
          onChange={(op) => op && onChange({ ...did, count: { ...count, op: op as typeof count.op } })}
        />
        <NumberInput
          size="xs"
          w={64}
          aria-label="Times"
          min={0}
          allowDecimal={false}
          value={count.value}
          onChange={(value) => onChange({ ...did, count: { ...count, value: Number(value) } })}
        />
        <Select
          size="xs"
          w={126}
          aria-label="Within"
          data={windows}
          value={did.within ?? ""}
          allowDeselect={false}
          onChange={(within) => onChange(withWindow(did, within ?? ""))}
        />
        {did.filters && did.filters.length > 0 && (
          <Text size="xs" c="dimmed">
            where {did.filters.map(filterWords).join(" and ")}
          </Text>
        )}
      </div>
      <ActionIcon variant="subtle" color="gray" aria-label="Remove this condition" onClick={onRemove}>
        <IconTrash size={16} />
      </ActionIcon>
      {any && !eventProblem && (
        <Text size="xs" c="var(--mantine-color-error)" className={classes.problem} role="alert">
          {any}
        </Text>
      )}
    </div>
  );
}

function withWindow({ within: _before, ...did }: Did, within: string): Did {
  return within ? { ...did, within } : did;
}
