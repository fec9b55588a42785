/**
 * One request to the edge. Bodies are `text/plain` JSON, so that a browser makes no preflight; no cookies either way.
 * Never rejects: a network failure is status 0.
 */

export interface Reply {
  /** HTTP status; 0 when there was no answer. */
  status: number;
  /** Milliseconds that the edge asked us to wait. */
  retryAfter: number | undefined;
  body: unknown;
}

export type Send = (path: string, body: string, keepalive?: boolean) => Promise<Reply>;

const TIMEOUT = 30_000;

export function createTransport(edge: string): Send {
  return async (path, body, keepalive = false) => {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), TIMEOUT);
    try {
      const response = await fetch(edge + path, {
        method: 'POST',
        body,
        keepalive,
        credentials: 'omit',
        cache: 'no-store',
        signal: controller.signal,
      });
      const retryAfter = waitFor(response.headers.get('retry-after'));
      return { status: response.status, retryAfter, body: await response.json().catch(() => undefined) };
    } catch {
      return { status: 0, retryAfter: undefined, body: undefined };
    } finally {
      clearTimeout(timer);
    }
  };
}

/** `Retry-After` is seconds or an HTTP date. */
export function waitFor(header: string | null, now = Date.now()): number | undefined {
  if (!header) return undefined;
  const seconds = Number(header);
  const wait = Number.isNaN(seconds) ? Date.parse(header) - now : seconds * 1000;
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

/** Worth another try: no answer, too much, or the edge's own trouble. */
export function isTransient(status: number): boolean {
  return status === 0 || status === 408 || status === 429 || status >= 500;
}

/** Exponential, with jitter so that pages do not come back in step; what the edge asks for goes first. */
export function backoff(attempt: number, retryAfter: number | undefined): number {
  const wait = Math.min(1000 * 2 ** attempt, 60_000);
  return retryAfter ?? wait * (0.5 + Math.random() / 2);
}
