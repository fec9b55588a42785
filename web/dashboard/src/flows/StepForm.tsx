/** The fields of one step. */
import { Group, SegmentedControl, Select, Textarea, TextInput } from "@mantine/core";
import { AudienceBuilder } from "../audience/AudienceBuilder";
import { PAGE_SUBJECTS } from "../audience/fields";
import { useProblem } from "../content/problems";
import { ButtonsForm } from "./ButtonsForm";
import classes from "./StepForm.module.css";
import { STEP_KINDS, type Step, type StepKind, stepOf, type Tooltip } from "./steps";

type Props = { step: Step; onChange: (step: Step) => void; pointer: string };

const KINDS = Object.entries(STEP_KINDS).map(([value, label]) => ({ value, label }));

export function StepForm({ step, onChange, pointer }: Props) {
  const titleProblem = useProblem(`${pointer}/title`);
  const bodyProblem = useProblem(`${pointer}/body`);
  return (
    <>
      <SegmentedControl
        aria-label="Where it stands"
        data={KINDS}
        value={step.kind}
        onChange={(kind) => onChange(stepOf(kind as StepKind, step.id, step))}
      />
      <TextInput
        label="Title"
        value={step.title}
        onChange={(event) => onChange({ ...step, title: event.currentTarget.value })}
        error={titleProblem}
      />
      <Textarea
        label="Text"
        description="A blank line begins a new paragraph."
        autosize
        minRows={2}
        value={step.body}
        onChange={(event) => onChange({ ...step, body: event.currentTarget.value })}
        error={bodyProblem}
      />
      {step.kind === "tooltip" && <TooltipFields step={step} onChange={onChange} pointer={pointer} />}
      <ButtonsForm
        buttons={step.buttons}
        onChange={(buttons) => onChange({ ...step, buttons })}
        pointer={`${pointer}/buttons`}
      />
      <details className={classes.where}>
        <summary>Only on certain pages</summary>
        <AudienceBuilder
          rule={step.where}
          onChange={(where) => onChange({ ...step, where })}
          pointer={`${pointer}/where`}
          subjects={PAGE_SUBJECTS}
          nobody="On whichever page the person is."
        />
      </details>
    </>
  );
}

const PLACEMENTS = ["auto", "top", "bottom", "left", "right"].map((value) => ({
  value,
  label: value === "auto" ? "Where there is room" : `${value.charAt(0).toUpperCase()}${value.slice(1)}`,
}));
const ADVANCES = [
  { value: "button", label: "By its button" },
  { value: "target_click", label: "By a click on the element" },
];

function TooltipFields({
  step,
  onChange,
  pointer,
}: {
  step: Tooltip;
  onChange: (step: Step) => void;
  pointer: string;
}) {
  const problem = useProblem(`${pointer}/target/selector`);
  return (
    <>
      <TextInput
        label="Element"
        description="A CSS selector, such as #new-invoice. An id or a data attribute outlives a redesign."
        classNames={{ input: classes.code }}
        spellCheck={false}
        value={step.target.selector}
        onChange={(event) => onChange({ ...step, target: { selector: event.currentTarget.value } })}
        error={problem}
      />
      <Group grow>
        <Select
          label="Side"
          data={PLACEMENTS}
          value={step.placement}
          allowDeselect={false}
          onChange={(placement) => placement && onChange({ ...step, placement: placement as Tooltip["placement"] })}
        />
        <Select
          label="Goes on"
          data={ADVANCES}
          value={step.advance}
          allowDeselect={false}
          onChange={(advance) => advance && onChange({ ...step, advance: advance as Tooltip["advance"] })}
        />
      </Group>
    </>
  );
}
