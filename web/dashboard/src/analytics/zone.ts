/** Days of the environment's zone, which is seldom the viewer's. */
import type { Interval } from "./question";

/** The moment at which a day (`2026-10-01`) begins in a zone. */
export function startOfDay(day: string, zone: string): string {
  const utc = Date.parse(`${day}T00:00:00Z`);
  // The offset at the guess may differ from that at the moment itself, when the clocks change between them.
  const guess = utc - offset(utc, zone);
  return new Date(utc - offset(guess, zone)).toISOString();
}

/** The day (`2026-10-01`) of a moment in a zone. */
export function dayOf(time: string, zone: string): string {
  const at = Date.parse(time);
  return new Date(at + offset(at, zone)).toISOString().slice(0, 10);
}

export function nextDay(day: string, days = 1): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** The day (`2026-10-01`) so many intervals later; in a month that has no such day, its last. */
export function later(day: string, count: number, interval: Interval): string {
  if (interval !== "month") {
    return nextDay(day, interval === "week" ? 7 * count : count);
  }
  const from = new Date(`${day}T00:00:00Z`);
  const [year, month] = [from.getUTCFullYear(), from.getUTCMonth() + count];
  const longest = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return new Date(Date.UTC(year, month, Math.min(from.getUTCDate(), longest))).toISOString().slice(0, 10);
}

/** How far a zone is ahead of UTC at a moment, in milliseconds. */
function offset(at: number, zone: string): number {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const local = Date.parse(
    `${parts.year?.padStart(4, "0")}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}:${parts.second}Z`,
  );
  return local - Math.floor(at / 1000) * 1000;
}
