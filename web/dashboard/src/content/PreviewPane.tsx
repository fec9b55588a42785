/** The live preview: the real renderer in a sandboxed frame, with switches for what changes its look. */
import { Alert, Group, SegmentedControl, Select, Text } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { isFromFrame, type PreviewState, type ToFrame } from "../preview/messages";
import classes from "./PreviewPane.module.css";

type Mode = "auto" | "light" | "dark";
type Props = {
  state: Omit<PreviewState, "locale">;
  onStep: (step: number) => void;
};

const LOCALES = [
  { value: "en", label: "English" },
  { value: "de", label: "Deutsch" },
  { value: "fr", label: "Français" },
  { value: "es", label: "Español" },
  { value: "nl", label: "Nederlands" },
];
const WIDTHS = [
  { value: "100%", label: "Desktop" },
  { value: "360px", label: "Phone" },
];
const MODES = [
  { value: "auto", label: "As set" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];

export function PreviewPane({ state, onStep }: Props) {
  const [width, setWidth] = useState("100%");
  const [mode, setMode] = useState<Mode>("auto");
  const [locale, setLocale] = useState("en");
  const theme = mode === "auto" ? state.theme : { ...state.theme, mode };
  const { frame, failed } = useFrame({ ...state, theme, locale }, onStep);
  return (
    <section className={classes.pane} aria-label="Preview">
      <Group gap="xs" className={classes.switches}>
        <SegmentedControl size="xs" aria-label="Width" data={WIDTHS} value={width} onChange={setWidth} />
        <SegmentedControl
          size="xs"
          aria-label="Light or dark"
          data={MODES}
          value={mode}
          onChange={(next) => setMode(next as Mode)}
        />
        <Select
          size="xs"
          w={124}
          aria-label="Language of the buttons"
          data={LOCALES}
          value={locale}
          allowDeselect={false}
          onChange={(next) => next && setLocale(next)}
        />
      </Group>
      {failed && (
        <Alert color="amber" mb="xs">
          The preview cannot draw this yet. What you entered is kept.
        </Alert>
      )}
      <div className={classes.ground}>
        <iframe
          ref={frame}
          className={classes.frame}
          style={{ width }}
          src="/preview.html"
          sandbox="allow-scripts"
          title="Preview"
        />
      </div>
      <Text size="xs" c="dimmed" mt={6}>
        Drawn by the same code that runs in your product.
      </Text>
    </section>
  );
}

function useFrame(state: PreviewState, onStep: (step: number) => void) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [ready, setReady] = useState(false);
  const [failed, setFailed] = useState(false);
  const step = useRef(onStep);
  step.current = onStep;

  useEffect(() => {
    const hear = (event: MessageEvent) => {
      if (event.source !== frame.current?.contentWindow || !isFromFrame(event.data)) {
        return;
      }
      if (event.data.pilotfish === "ready") {
        setReady(true);
      } else if (event.data.pilotfish === "step") {
        step.current(event.data.step);
      } else {
        setFailed(true);
      }
    };
    window.addEventListener("message", hear);
    return () => window.removeEventListener("message", hear);
  }, []);

  const message = JSON.stringify({ pilotfish: "preview", state } satisfies ToFrame);
  useEffect(() => {
    if (ready) {
      setFailed(false);
      frame.current?.contentWindow?.postMessage(JSON.parse(message), "*");
    }
  }, [ready, message]);

  return { frame, failed };
}
