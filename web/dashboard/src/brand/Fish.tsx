/**
 * The striped fish, drawn once in two weights: `bold` (two stripes) for 16 to 32 px, `fine` (three) above.
 * It is cut out of one shape, so it sits on any ground; the colour is the text's.
 */
import { useId } from "react";

const WEIGHTS = {
  bold: {
    body: "M63 32C57.5 43.5 47.5 51.5 36 51.5c-7.2 0-13.3-3-18-7.5L5.6 53.2c-1.9 1.4-4.4-.5-3.7-2.8L7.6 32 1.9 13.6c-.7-2.3 1.8-4.2 3.7-2.8L18 20c4.7-4.5 10.8-7.5 18-7.5 11.5 0 21.5 8 27 19.5Z",
    stripes: "M38.5 6q7.5 26 0 52M22.5 6q7.5 26 0 52",
    stroke: 5.5,
    eye: { cx: 51.5, cy: 28.5, r: 3.2 },
  },
  fine: {
    body: "M63 32C57.8 41.8 48 49 36.3 49c-7 0-13.2-2.5-18.3-6.6L5.2 51.2c-1.7 1.2-3.9-.6-3.1-2.6L8.4 32 2.1 15.4c-.8-2 1.4-3.8 3.1-2.6L18 21.6C23.1 17.5 29.3 15 36.3 15 48 15 57.8 22.2 63 32Z",
    stripes: "M43 8q7 24 0 48M32.3 8q7 24 0 48M21.6 8q7 24 0 48",
    stroke: 3.8,
    eye: { cx: 53.2, cy: 29.3, r: 2.4 },
  },
} as const;

type Props = { size?: number; weight?: keyof typeof WEIGHTS; className?: string };

export function Fish({ size = 24, weight = size > 32 ? "fine" : "bold", className }: Props) {
  const mask = useId();
  const drawing = WEIGHTS[weight];
  return (
    <svg className={className} width={size} height={size} viewBox="0 0 64 64" aria-hidden="true" focusable="false">
      <mask id={mask}>
        <path fill="#fff" d={drawing.body} />
        <path fill="none" stroke="#000" strokeWidth={drawing.stroke} d={drawing.stripes} />
        <circle {...drawing.eye} />
      </mask>
      <path fill="currentColor" mask={`url(#${mask})`} d="M0 0h64v64H0z" />
    </svg>
  );
}
