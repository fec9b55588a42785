/** Which numbers of a retention there are: an interval of a cohort that has not begun has none. */
import type { Answered, Cohort } from "./answer";
import type { Interval, Of } from "./question";
import { dayOf, later } from "./zone";

/** Up to which day of the zone something can have happened. */
export type Horizon = { interval: Interval; zone: string; last: string };

/** Of an answer that was given at a moment: its range may end later. */
export function horizon({ interval = "week" }: Of<"retention">, { to, zone }: Answered, at: number): Horizon {
  const end = Math.min(Date.parse(to), at);
  return { interval, zone, last: dayOf(new Date(end - 1).toISOString(), zone) };
}

/** How many of a cohort's intervals have begun, its own among them. */
export function knownOf({ time, returned }: Cohort, { interval, zone, last }: Horizon): number {
  const first = dayOf(time, zone);
  const unknown = returned.findIndex((_, period) => later(first, period, interval) > last);
  return unknown === -1 ? returned.length : unknown;
}
