/**
 * Asks the edge what may be shown: at the start, when the visitor becomes known or joins a company, and after an event
 * that live content waits for was acknowledged. Requests of the same moment become one; a failed one is tried again;
 * an answer about somebody else, or overtaken by a newer question, is dropped. A question that is refused for its
 * identity token waits for another token.
 */
import type { Report } from './queue';
import { REFUSED, type Tokens } from './tokens';
import { backoff, isTransient, type Reply, type Send } from './transport';
import type { Guard, SyncAnswer } from './types';

type Extra = Record<string, unknown>;

export interface SyncHost {
  send: Send;
  body(extra: Extra): Record<string, unknown>;
  ready(answer: SyncAnswer, event: string | undefined): void;
  /** Who is asked about. */
  user(): string | undefined;
  tokens: Tokens;
  report: Report;
  guard: Guard;
}

export interface Sync {
  /** Ask soon; `extra` (traits, company) goes along until the edge has it. */
  request(extra?: Extra): void;
  /** The network is back: a question that waits for another try goes now. */
  retry(): void;
  /** Ask about a new person: what was to be said of the one before is dropped. */
  restart(): void;
  /** Does live content wait for this event? */
  mentions(event: string): boolean;
  /** An event was acknowledged. */
  happened(event: string): void;
  /** The address changed: ask again if the last answer is old. */
  navigated(): void;
}

/** In a page that lives for hours, a navigation asks again after this many milliseconds. */
const FRESH = 5 * 60_000;

export function createSync({ send, body, ready, user, tokens, report, guard }: SyncHost): Sync {
  let reserved: string[] | undefined;
  /** Acknowledged before we knew which events matter. */
  let early: string[] = [];
  let happened: string[] = [];
  let pending: Extra = {};
  let wanted = false;
  let busy = false;
  let attempt = 0;
  let answeredAt = 0;
  let epoch = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function schedule(wait: number): void {
    clearTimeout(timer);
    timer = setTimeout(guard(ask), wait);
  }

  function ask(): void {
    const about = user();
    if (busy || !wanted || tokens.refused(about)) return;
    const token = tokens.of(about);
    const event = happened[0];
    const extra = pending;
    const asked = epoch;
    wanted = false;
    busy = true;
    pending = {};
    send('/v1/sync', JSON.stringify(body({ ...extra, event }))).then(
      guard((reply: Reply) => {
        busy = false;
        if (asked !== epoch) return schedule(0);
        const problem = reply.body as { code?: string; detail?: string } | undefined;
        if (problem?.code === REFUSED && about !== undefined) {
          if (tokens.refuse(about, token)) report(REFUSED, problem.detail ?? REFUSED);
          pending = { ...extra, ...pending };
          wanted = true;
          attempt = 0;
          return schedule(0);
        }
        if (reply.status === 200) tokens.accept(about);
        answered(reply, extra, event);
      }),
    );
  }

  function answered({ status, body, retryAfter }: Reply, extra: Extra, event: string | undefined): void {
    if (isTransient(status)) {
      pending = { ...extra, ...pending };
      wanted = true;
      return schedule(backoff(attempt++, retryAfter));
    }
    attempt = 0;
    if (event) happened.shift();
    wanted ||= happened.length > 0;
    const answer = body as Partial<SyncAnswer & { code: string; detail: string }> | undefined;
    if (status !== 200 || !answer)
      report(answer?.code ?? `http_${status}`, answer?.detail ?? 'sync was refused by the edge');
    else accept(answer as SyncAnswer, event);
    if (wanted) schedule(0);
  }

  function accept(answer: SyncAnswer, event: string | undefined): void {
    answeredAt = Date.now();
    reserved = answer.events ?? [];
    for (const name of early) if (reserved.includes(name)) happened.push(name);
    early = [];
    wanted ||= happened.length > 0;
    ready(answer, event);
  }

  function request(extra: Extra = {}): void {
    Object.assign(pending, extra);
    wanted = true;
    if (attempt === 0) schedule(0);
  }

  return {
    request,
    retry() {
      if (attempt) schedule(0);
    },
    restart() {
      epoch++;
      attempt = 0;
      pending = {};
      happened = [];
      request();
    },
    mentions: (event) => reserved?.includes(event) ?? true,
    happened(event) {
      if (!reserved) early.push(event);
      else if (reserved.includes(event)) {
        happened.push(event);
        request();
      }
    },
    navigated() {
      if (answeredAt && Date.now() - answeredAt > FRESH) request();
    },
  };
}
