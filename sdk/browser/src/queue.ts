/**
 * What waits to be sent, in memory only: messages (in batches) and answers (newest of an id). In order, one request
 * at a time; retried with backoff until the edge has it; dropped, with an `error` event, when the edge refuses it. What
 * is refused for its identity token alone waits for another token, while what others say goes on.
 * At page end everything left goes out at once with `keepalive`, within the 64 KB that browsers allow.
 */
import { REFUSED, type Tokens } from './tokens';
import { backoff, isTransient, type Reply, type Send } from './transport';
import type { Json } from './types';

/** Limits of the edge (and of keepalive), in bytes. */
const MESSAGE_LIMIT = 32_000;
const BATCH_LIMIT = 450_000;
const KEEPALIVE_LIMIT = 60_000;
const BATCH_COUNT = 100;
const WAITING_LIMIT = 2_000;
/** Messages of the same moment travel together. */
const LINGER = 250;

interface Item {
  json: string;
  size: number;
  /** Whom it is about: one request carries one identity token. */
  user: string | undefined;
  /** Id of a set of answers; undefined for a message. */
  answers: string | undefined;
  flying: boolean;
  done: (() => void) | undefined;
}

export interface Queue {
  message(message: Record<string, unknown>, user: string | undefined, urgent: boolean, done?: () => void): void;
  answers(id: string, body: Record<string, unknown>, user: string | undefined): void;
  /** Something that waited may go now. */
  wake(): void;
  /** Send now. `last`: the page is going away, nothing can be waited for. */
  flush(last?: boolean): void;
}

export type Report = (code: string, message: string) => void;

interface Problem {
  code?: string;
  detail?: string;
  title?: string;
  rejected?: { index: number; code: string; detail?: string }[];
}

export function createQueue(writeKey: string, send: Send, report: Report, tokens: Tokens): Queue {
  const items: Item[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let due = 0;
  let attempt = 0;
  let blocked = false;

  function add(json: string, user: string | undefined, answers?: string, done?: () => void): void {
    const size = new TextEncoder().encode(json).length;
    if (size > MESSAGE_LIMIT) return report('too_large', 'a message was larger than 32 KB and was not sent');
    if (items.length >= WAITING_LIMIT) {
      items.splice(
        items.findIndex((item) => !item.flying),
        1,
      );
      report('queue_full', 'too many messages wait to be sent; the oldest was dropped');
    }
    items.push({ json, size, user, answers, flying: false, done });
  }

  /** Sets the timer for the next request, unless an earlier one is set or the edge asked for patience. */
  function schedule(wait: number, force = false): void {
    const at = Date.now() + wait;
    if (timer !== undefined && !force && (blocked || due <= at)) return;
    clearTimeout(timer);
    due = at;
    timer = setTimeout(() => {
      timer = undefined;
      blocked = false;
      if (!items.some((item) => item.flying)) pump(BATCH_LIMIT, false);
    }, wait);
  }

  /** Takes the next load off the line and sends it. Returns its size, 0 when there is nothing that fits. */
  function pump(room: number, keepalive: boolean): number {
    const load = next(items, room, tokens);
    const first = load[0];
    if (!first) return 0;
    for (const item of load) item.flying = true;
    const token = tokens.of(first.user);
    const body = envelope(writeKey, token, load);
    const path = first.answers ? '/v1/answers' : '/v1/batch';
    send(path, body, keepalive || body.length < KEEPALIVE_LIMIT / 2).then((reply) => settle(load, reply, token));
    return load.reduce((sum, item) => sum + item.size, 0);
  }

  function settle(load: Item[], reply: Reply, token: string | undefined): void {
    const problem = (reply.body ?? {}) as Problem;
    if (isTransient(reply.status)) {
      for (const item of load) item.flying = false;
      blocked = true;
      return schedule(backoff(attempt++, reply.retryAfter), true);
    }
    attempt = 0;
    blocked = false;
    const user = load[0]?.user;
    if (problem.code === REFUSED && user !== undefined) {
      for (const item of load) item.flying = false;
      if (tokens.refuse(user, token)) report(REFUSED, problem.detail ?? REFUSED);
      return schedule(0, true);
    }
    for (const item of load) items.splice(items.indexOf(item), 1);
    const delivered = reply.status < 300;
    if (!delivered)
      report(problem.code ?? `http_${reply.status}`, problem.detail ?? problem.title ?? 'refused by the edge');
    for (const one of problem.rejected ?? []) report(one.code, one.detail ?? 'a message was refused by the edge');
    if (delivered) {
      tokens.accept(user);
      for (const item of load) item.done?.();
    }
    if (items.length) schedule(0, true);
  }

  return {
    message(message, user, urgent, done) {
      add(JSON.stringify(message), user, undefined, done);
      schedule(urgent ? 0 : LINGER);
    },
    answers(id, body, user) {
      const older = items.findIndex((item) => item.answers === id && !item.flying);
      if (older >= 0) items.splice(older, 1);
      add(JSON.stringify(body), user, id);
      schedule(0);
    },
    wake: () => schedule(0),
    flush(last = false) {
      if (blocked && !last) return;
      let room = KEEPALIVE_LIMIT;
      for (const item of items) if (item.flying) room -= item.size;
      for (let sent = pump(room, true); sent > 0; sent = pump(room, true)) room -= sent;
    },
  };
}

/** The longest run of items that one request can carry. */
function next(items: Item[], room: number, tokens: Tokens): Item[] {
  const load: Item[] = [];
  let size = 200;
  for (const item of items) {
    if (item.flying || tokens.refused(item.user)) continue;
    const first = load[0];
    size += item.size + 1;
    const apart = first && (first.answers || item.answers || first.user !== item.user);
    if (apart || size > room || load.length >= BATCH_COUNT) break;
    load.push(item);
  }
  return load;
}

function envelope(writeKey: string, token: string | undefined, load: Item[]): string {
  const first = load[0] as Item;
  const head: Record<string, Json> = { writeKey };
  if (token) head.token = token;
  const open = JSON.stringify(head).slice(0, -1);
  if (first.answers) return `${open},${first.json.slice(1)}`;
  const sentAt = JSON.stringify(new Date());
  return `${open},"batch":[${load.map((item) => item.json).join()}],"sentAt":${sentAt}}`;
}
