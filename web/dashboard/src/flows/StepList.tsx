/** The steps of a flow, in their order. */
import { Button, Stack, Text } from "@mantine/core";
import { IconAppWindow, IconMessageCircle, IconPlus } from "@tabler/icons-react";
import { ItemCard } from "../content/ItemCard";
import { freshId, insertAt, removeAt, replaceAt } from "../content/ids";
import { useProblem } from "../content/problems";
import { moved, SortableList } from "../content/SortableList";
import { StepForm } from "./StepForm";
import { STEP_KINDS, type Step, stepOf } from "./steps";

type Props = { steps: Step[]; onChange: (steps: Step[]) => void; open: number; onOpen: (step: number) => void };

export function StepList({ steps, onChange, open, onOpen }: Props) {
  const problem = useProblem("/steps");
  const reorder = (next: Step[]) => {
    const current = steps[open];
    onChange(next);
    onOpen(current ? next.indexOf(current) : open);
  };
  const add = () => {
    onChange([...steps, stepOf("tooltip", freshId("s", steps))]);
    onOpen(steps.length);
  };
  return (
    <Stack gap="sm">
      <SortableList
        label="Steps"
        items={steps}
        onReorder={reorder}
        nameOf={(step, index) => `step ${index + 1}: ${step.title}`}
      >
        {(step, index, handle, removing) => {
          const Icon = step.kind === "modal" ? IconAppWindow : IconMessageCircle;
          return (
            <ItemCard
              index={index}
              title={step.title}
              kind={STEP_KINDS[step.kind]}
              icon={<Icon size={16} stroke={1.75} aria-hidden />}
              handle={handle}
              open={open === index}
              onOpen={() => onOpen(index)}
              pointer={`/steps/${index}`}
              actions={{
                last: index === steps.length - 1,
                onMove: (by) => reorder(moved(steps, index, by)),
                onDuplicate: () => onChange(insertAt(steps, index + 1, { ...step, id: freshId("s", steps) })),
                onRemove: () => {
                  removing();
                  onChange(removeAt(steps, index));
                },
              }}
            >
              <StepForm
                step={step}
                onChange={(next) => onChange(replaceAt(steps, index, next))}
                pointer={`/steps/${index}`}
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
      <Button variant="default" leftSection={<IconPlus size={16} />} style={{ alignSelf: "start" }} onClick={add}>
        Add a step
      </Button>
    </Stack>
  );
}
