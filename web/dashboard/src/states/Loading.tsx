/** Nothing for the first 300 ms, then the outline of what comes: a flash of grey is worse than a short wait. */
import { Skeleton, Stack, VisuallyHidden } from "@mantine/core";
import { useEffect, useState } from "react";

export type Skeletons = "rows" | "cards" | "form";

const PATIENCE_MS = 300;

export function useLate(): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return late;
}

const HEIGHTS: Record<Skeletons, number[]> = {
  rows: [44, 44, 44, 44, 44, 44],
  cards: [120, 260],
  form: [36, 36, 120, 36],
};

export function Loading({ shape }: { shape: Skeletons }) {
  const late = useLate();
  if (!late) {
    return <div aria-busy="true" />;
  }
  return (
    <div aria-busy="true" role="status">
      <VisuallyHidden>Loading</VisuallyHidden>
      <Stack gap={shape === "rows" ? 8 : 16}>
        {HEIGHTS[shape].map((height, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a fixed list that never changes its order
          <Skeleton key={index} height={height} radius={8} />
        ))}
      </Stack>
    </div>
  );
}
