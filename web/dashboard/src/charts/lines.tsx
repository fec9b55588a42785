/**
 * Lines over time or over intervals. Lines differ by pattern as well as by colour, the largest ones have their name at their end, and
 * the exact values show on hover and, with the arrow keys, on focus.
 */
import { useMediaQuery } from "@mantine/hooks";
import { Line, LineChart, Tooltip, type TooltipContentProps, XAxis, YAxis } from "recharts";
import classes from "./ChartCard.module.css";
import { SERIES } from "./colours";

export type LinePoint = { label: string; values: (number | null)[] };
export type LineOf = { name: string /** Drawn thin: the period before. */; faint?: boolean };

const PATTERNS = ["", "7 4", "2 4", "10 4 2 4", "14 5", "4 2"];

export const colourOf = (index: number) => SERIES[index % SERIES.length] ?? SERIES[0];
export const patternOf = (index: number) =>
  PATTERNS[(index + Math.floor(index / SERIES.length)) % PATTERNS.length] ?? "";

type Props = {
  title: string;
  lines: LineOf[];
  points: LinePoint[];
  format: (value: number) => string;
  height?: number;
  /** The largest value of the axis, where it is known beforehand. */
  top?: number;
};

export function Lines({ title, lines, points, format, height = 260, top }: Props) {
  const narrow = useMediaQuery("(max-width: 760px)");
  const style = styles(lines);
  return (
    <div className={classes.chart}>
      <LineChart
        responsive
        style={{ width: "100%", height }}
        data={points}
        margin={{ top: 12, right: 12, bottom: 0, left: 0 }}
        title={title}
        desc="Use the arrow keys to read the values of each point."
      >
        <XAxis dataKey="label" tickLine={false} axisLine={{ stroke: "var(--pf-line)" }} minTickGap={28} />
        <YAxis
          width={narrow ? 44 : 56}
          tickLine={false}
          axisLine={false}
          tickFormatter={format}
          domain={[0, top ?? "auto"]}
        />
        <Tooltip content={<Tip lines={lines} format={format} />} isAnimationActive={false} />
        {lines.map((line, index) => (
          <Line
            // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place
            key={index}
            dataKey={(point: LinePoint) => point.values[index]}
            name={line.name}
            stroke={colourOf(style[index]?.colour ?? 0)}
            strokeDasharray={line.faint ? "1 3" : patternOf(style[index]?.colour ?? 0)}
            strokeWidth={line.faint ? 1.5 : 2.25}
            dot={points.length === 1}
            isAnimationActive={false}
          />
        ))}
      </LineChart>
      {lines.length > 1 && (
        <ul className={classes.legend}>
          {lines.map((line, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place
            <li key={index}>
              <svg width="26" height="8" aria-hidden="true">
                <title>{line.name}</title>
                <line
                  x1="0"
                  x2="26"
                  y1="4"
                  y2="4"
                  stroke={colourOf(style[index]?.colour ?? 0)}
                  strokeDasharray={line.faint ? "1 3" : patternOf(style[index]?.colour ?? 0)}
                  strokeWidth={line.faint ? 1.5 : 2.25}
                />
              </svg>
              {line.name}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** The period before has the colour of what it is before. */
function styles(lines: LineOf[]): { colour: number }[] {
  const bold = lines.filter((line) => !line.faint).length;
  return lines.map((_, index) => ({ colour: bold === 0 ? index : index % bold }));
}

type TipProps = Partial<TooltipContentProps<number, string>> & { lines: LineOf[]; format: (value: number) => string };

const MOST = 8;

function Tip({ active, payload, lines, format }: TipProps) {
  const point = payload?.[0]?.payload as LinePoint | undefined;
  if (!active || !point) {
    return null;
  }
  const values = point.values
    .map((value, index) => ({ value, name: lines[index]?.name ?? "", index }))
    .filter((one): one is { value: number; name: string; index: number } => one.value !== null);
  return (
    <div className={classes.tip}>
      <strong>{point.label}</strong>
      {values.slice(0, MOST).map(({ value, name, index }) => (
        <div key={index}>
          {name}: {format(value)}
        </div>
      ))}
      {values.length > MOST && <div>and {values.length - MOST} more in the table</div>}
    </div>
  );
}
