/** What it looks like in the customer's page: theirs, not ours. */
import { Card, ColorInput, NumberInput, SegmentedControl, SimpleGrid, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import type { Schema } from "../api/client";
import { useProblem } from "./problems";

type Theme = Schema["Theme"];
type Props = { theme: Theme | null; onChange: (theme: Theme | null) => void; children?: ReactNode };

/** What the renderer takes where nothing is chosen. */
export const DEFAULT_THEME = {
  accent: "#1D4ED8",
  background: "#ffffff",
  text: "#111418",
  radius: 8,
  mode: "auto",
} as const;

/** A theme that chooses nothing. */
export const NO_THEME: Theme = { radius: DEFAULT_THEME.radius, mode: DEFAULT_THEME.mode };

const MODES = [
  { value: "auto", label: "As the system" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];

export function LookForm({ theme, onChange, children }: Props) {
  const change = (next: Partial<Theme>) => onChange({ ...NO_THEME, ...theme, ...next });
  return (
    <Card component="section" aria-label="Look">
      <Title order={2}>Look</Title>
      <Text c="dimmed" mb="md">
        In your product’s colours, in the system’s font, without a mark of ours.
      </Text>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="md">
        <Colour label="Accent" part="accent" theme={theme} onChange={change} />
        <Colour label="Background" part="background" theme={theme} onChange={change} />
        <Colour label="Text" part="text" theme={theme} onChange={change} />
        <NumberInput
          label="Corner radius"
          suffix=" px"
          min={0}
          max={24}
          allowDecimal={false}
          value={theme?.radius ?? DEFAULT_THEME.radius}
          onChange={(radius) => change({ radius: Number(radius) })}
        />
      </SimpleGrid>
      <Text fw={500} size="sm" mt="md" mb={4} id="look-mode">
        Light or dark
      </Text>
      <SegmentedControl
        aria-labelledby="look-mode"
        data={MODES}
        value={theme?.mode ?? DEFAULT_THEME.mode}
        onChange={(mode) => change({ mode: mode as Theme["mode"] })}
      />
      {children}
    </Card>
  );
}

type ColourProps = {
  label: string;
  part: "accent" | "background" | "text";
  theme: Theme | null;
  onChange: (next: Partial<Theme>) => void;
};

function Colour({ label, part, theme, onChange }: ColourProps) {
  const problem = useProblem(`/theme/${part}`);
  return (
    <ColorInput
      label={label}
      format="hex"
      withEyeDropper={false}
      value={theme?.[part] ?? DEFAULT_THEME[part]}
      onChange={(colour) => onChange({ [part]: colour })}
      error={problem}
      popoverProps={{ trapFocus: false }}
    />
  );
}
