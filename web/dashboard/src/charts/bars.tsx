/**
 * The two charts we draw: bars over days and ranked bars. Bars begin at zero, labels stand at the bars, and the exact
 * value shows on hover and, with the arrow keys, on focus.
 */
import { useMediaQuery } from "@mantine/hooks";
import { Bar, BarChart, Cell, LabelList, Tooltip, type TooltipContentProps, XAxis, YAxis } from "recharts";
import classes from "./ChartCard.module.css";
import { SERIES } from "./colours";
import { count } from "./number";

export type Point = { label: string; value: number; exact: string; colour?: string; direct?: string };

function Tip({ active, payload }: Partial<TooltipContentProps<number, string>>) {
  const point = payload?.[0]?.payload as Point | undefined;
  return active && point ? <div className={classes.tip}>{point.exact}</div> : null;
}

/** Bars over time. Labelled directly: the highest and the latest. */
export function TimeBars({ title, points, height = 220 }: { title: string; points: Point[]; height?: number }) {
  const highest = points.reduce((best, point, index) => (point.value > (points[best]?.value ?? -1) ? index : best), 0);
  const labelled = points.map((point, index) => ({
    ...point,
    direct: index === highest || index === points.length - 1 ? count(point.value) : "",
  }));
  return (
    <div className={classes.chart}>
      <BarChart
        responsive
        style={{ width: "100%", height }}
        data={labelled}
        margin={{ top: 22, right: 8, bottom: 0, left: 8 }}
        title={title}
        desc="Use the arrow keys to read the value of each bar."
      >
        <XAxis dataKey="label" tickLine={false} axisLine={{ stroke: "var(--pf-line)" }} minTickGap={28} />
        <YAxis hide domain={[0, "dataMax"]} />
        <Tooltip content={<Tip />} cursor={{ fill: "var(--pf-hover)" }} isAnimationActive={false} />
        <Bar dataKey="value" fill={SERIES[0]} radius={[3, 3, 0, 0]} isAnimationActive={false}>
          <LabelList dataKey="direct" position="top" />
        </Bar>
      </BarChart>
    </div>
  );
}

type Ranked = { title: string; points: Point[] };

/** One bar per answer or step, its count at the end. */
export function RankedBars({ title, points }: Ranked) {
  const narrow = useMediaQuery("(max-width: 760px)");
  const labelWidth = narrow ? 92 : 150;
  // A label must not break at its spaces.
  const labelled = points.map((point) => ({ ...point, direct: point.direct?.replaceAll(" ", "\u00a0") }));
  return (
    <div className={classes.chart}>
      <BarChart
        responsive
        layout="vertical"
        style={{ width: "100%", height: points.length * 40 + 8 }}
        data={labelled}
        margin={{ top: 4, right: 96, bottom: 4, left: 0 }}
        title={title}
        desc="Use the arrow keys to read the value of each bar."
      >
        <YAxis type="category" dataKey="label" width={labelWidth} tickLine={false} axisLine={false} interval={0} />
        <XAxis type="number" hide domain={[0, "dataMax"]} />
        <Tooltip content={<Tip />} cursor={{ fill: "var(--pf-hover)" }} isAnimationActive={false} />
        <Bar dataKey="value" radius={[0, 3, 3, 0]} barSize={20} isAnimationActive={false}>
          {points.map((point) => (
            <Cell key={point.label} fill={point.colour ?? SERIES[0]} />
          ))}
          <LabelList dataKey="direct" position="right" />
        </Bar>
      </BarChart>
    </div>
  );
}

/** Upright bars for a short scale such as 0 to 10, each with its count on top. */
export function ScaleBars({ title, points, height = 220 }: { title: string; points: Point[]; height?: number }) {
  return (
    <div className={classes.chart}>
      <BarChart
        responsive
        style={{ width: "100%", height }}
        data={points.map((point) => ({ ...point, direct: count(point.value) }))}
        margin={{ top: 22, right: 0, bottom: 0, left: 0 }}
        title={title}
        desc="Use the arrow keys to read the value of each bar."
      >
        <XAxis dataKey="label" tickLine={false} axisLine={{ stroke: "var(--pf-line)" }} interval={0} />
        <YAxis hide domain={[0, "dataMax"]} />
        <Tooltip content={<Tip />} cursor={{ fill: "var(--pf-hover)" }} isAnimationActive={false} />
        <Bar dataKey="value" radius={[3, 3, 0, 0]} isAnimationActive={false}>
          {points.map((point) => (
            <Cell key={point.label} fill={point.colour ?? SERIES[0]} />
          ))}
          <LabelList dataKey="direct" position="top" />
        </Bar>
      </BarChart>
    </div>
  );
}
