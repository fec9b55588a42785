/** When it appears, and how often. */
import { Autocomplete, Card, NumberInput, Radio, Stack, Text, Title } from "@mantine/core";
import type { Schema } from "../api/client";
import { AudienceBuilder } from "../audience/AudienceBuilder";
import { PAGE_SUBJECTS } from "../audience/fields";
import { useSuggestions } from "../audience/suggestions";
import { useProblem } from "./problems";

type Common = Schema["Common"];
type Props = { id: string; definition: Common; onChange: (next: Partial<Common>) => void };

export function TimingForm({ id, definition, onChange }: Props) {
  return (
    <Stack gap="md">
      <TriggerForm id={id} trigger={definition.trigger} onChange={(trigger) => onChange({ trigger })} />
      <FrequencyForm frequency={definition.frequency} onChange={(frequency) => onChange({ frequency })} />
    </Stack>
  );
}

type TriggerProps = { id: string; trigger: Schema["Trigger"]; onChange: (trigger: Schema["Trigger"]) => void };

function TriggerForm({ id, trigger, onChange }: TriggerProps) {
  const { events } = useSuggestions();
  const eventProblem = useProblem("/trigger/event");
  const begin: Record<string, Schema["Trigger"]> = {
    page: { kind: "page", where: null },
    event: { kind: "event", event: "" },
    manual: { kind: "manual" },
  };
  return (
    <Card component="section" aria-label="Trigger">
      <Title order={2} mb="sm">
        Appears
      </Title>
      <Radio.Group value={trigger.kind} onChange={(kind) => onChange(begin[kind] ?? trigger)} aria-label="Appears">
        <Stack gap={8}>
          <Radio value="page" label="On a page" />
          <Radio value="event" label="After an event" />
          <Radio value="manual" label="When your code calls it" />
        </Stack>
      </Radio.Group>
      {trigger.kind === "page" && (
        <Stack mt="md" gap={4}>
          <AudienceBuilder
            rule={trigger.where}
            onChange={(where) => onChange({ kind: "page", where })}
            pointer="/trigger/where"
            subjects={PAGE_SUBJECTS}
            nobody="On every page that carries the tag."
          />
        </Stack>
      )}
      {trigger.kind === "event" && (
        <Autocomplete
          mt="md"
          label="Event"
          placeholder="Invoice Sent"
          data={events}
          value={trigger.event}
          onChange={(event) => onChange({ kind: "event", event })}
          error={eventProblem}
        />
      )}
      {trigger.kind === "manual" && (
        <Text mt="md" c="dimmed">
          Call <code>pilotfish.show("{id}")</code>. Audience and frequency still hold.
        </Text>
      )}
    </Card>
  );
}

type FrequencyProps = { frequency: Schema["Frequency"]; onChange: (frequency: Schema["Frequency"]) => void };
const DEFAULT_DAYS = 90;

function FrequencyForm({ frequency, onChange }: FrequencyProps) {
  const daysProblem = useProblem("/frequency/days");
  const begin: Record<string, Schema["Frequency"]> = {
    once: { kind: "once" },
    recontact: { kind: "recontact", days: DEFAULT_DAYS },
    always: { kind: "always" },
  };
  return (
    <Card component="section" aria-label="Frequency">
      <Title order={2} mb="sm">
        How often
      </Title>
      <Radio.Group
        value={frequency.kind}
        onChange={(kind) => onChange(begin[kind] ?? frequency)}
        aria-label="How often"
      >
        <Stack gap={8}>
          <Radio value="once" label="Once per person" />
          <Radio value="recontact" label="Again after a while" />
          <Radio value="always" label="Every time" description="Use with care: people notice." />
        </Stack>
      </Radio.Group>
      {frequency.kind === "recontact" && (
        <NumberInput
          mt="md"
          w={160}
          label="Days in between"
          min={1}
          max={730}
          allowDecimal={false}
          value={frequency.days}
          onChange={(days) => onChange({ kind: "recontact", days: Number(days) })}
          error={daysProblem}
        />
      )}
    </Card>
  );
}
