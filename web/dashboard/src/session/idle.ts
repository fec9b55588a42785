/** Whether a session must be over, by what this browser knows of it: nobody asks the server only to hear so. */
import type { CurrentSession } from "./session";

/** The server keeps the last use to the minute. */
const MARGIN_MS = 5_000;

export type Uses = { last: number };

/** Whether the session ended, for want of use or since its time was up. */
export function isOver(session: Pick<CurrentSession, "ends_at" | "idle_seconds">, uses: Uses, now: number): boolean {
  const unused = now - uses.last > session.idle_seconds * 1000 + MARGIN_MS;
  return unused || now > Date.parse(session.ends_at) + MARGIN_MS;
}
