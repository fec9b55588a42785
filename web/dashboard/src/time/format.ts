/** Times for people: short and relative in running text, absolute with the zone on hover and in exports. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export type Zone = { locale?: string; timeZone?: string };

/** `3 min ago`, `2 h ago`, `yesterday`, then the date. */
export function relative(time: Date, now: Date, zone: Zone = {}): string {
  const age = now.getTime() - time.getTime();
  if (age < -MINUTE) {
    return date(time, zone);
  }
  if (age < 10_000) {
    return "just now";
  }
  if (age < MINUTE) {
    return `${Math.floor(age / 1000)} s ago`;
  }
  if (age < HOUR) {
    return `${Math.floor(age / MINUTE)} min ago`;
  }
  if (age < 20 * HOUR) {
    return `${Math.floor(age / HOUR)} h ago`;
  }
  const days = Math.round((dayStart(now, zone) - dayStart(time, zone)) / DAY);
  if (days <= 1) {
    return days === 1 ? "yesterday" : `${Math.floor(age / HOUR)} h ago`;
  }
  return days < 7 ? `${days} days ago` : date(time, zone);
}

/** `1 Nov 2026` */
export function date(time: Date, { locale = "en-GB", timeZone }: Zone = {}): string {
  return new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric", timeZone }).format(time);
}

/** `1 Nov 2026, 14:03:09 GMT+1` */
export function absolute(time: Date, { locale = "en-GB", timeZone }: Zone = {}): string {
  return new Intl.DateTimeFormat(locale, {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "short",
    timeZone,
  }).format(time);
}

/** `14:03` */
export function clock(time: Date, { locale = "en-GB", timeZone }: Zone = {}): string {
  return new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", timeZone }).format(time);
}

/** A day of the server's calendar (`2026-11-01`, UTC) as `1 Nov`. */
export function dayLabel(day: string, locale = "en-GB"): string {
  return new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", timeZone: "UTC" }).format(new Date(day));
}

/** `2026-11-01` of a time, in UTC. */
export function utcDay(time: Date): string {
  return time.toISOString().slice(0, 10);
}

export function addDays(time: Date, days: number): Date {
  return new Date(time.getTime() + days * DAY);
}

function dayStart(time: Date, { timeZone }: Zone): number {
  const parts = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit", timeZone });
  return Date.parse(`${parts.format(time)}T00:00:00Z`);
}
