import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createQueue } from '../src/queue';
import { createTokens } from '../src/tokens';
import { backoff, isTransient, type Reply, waitFor } from '../src/transport';

const ok: Reply = { status: 200, retryAfter: undefined, body: { success: true } };
const status = (code: number, retryAfter?: number, body?: unknown): Reply => ({ status: code, retryAfter, body });

/** A queue on an edge that answers from a list, and with 200 after that. */
function setUp(...replies: (Reply | Promise<Reply>)[]) {
  const sent: {
    path: string;
    body: Record<string, unknown> & { batch: Record<string, unknown>[] };
    keepalive: boolean;
  }[] = [];
  const errors: string[] = [];
  const page = { onError(): void {} };
  const tokens = createTokens(() => queue.wake());
  const queue = createQueue(
    'pfe_1',
    async (path, body, keepalive = false) => {
      sent.push({ path, body: JSON.parse(body), keepalive });
      return replies.shift() ?? ok;
    },
    (code) => {
      errors.push(code);
      page.onError();
    },
    tokens,
  );
  const ids = () => sent.flatMap(({ body }) => (body.batch ?? []).map(({ n }) => n));
  return { queue, sent, errors, ids, tokens, page };
}
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

beforeEach(() => {
  vi.useFakeTimers({ now: 1_760_000_000_000 });
  vi.spyOn(Math, 'random').mockReturnValue(1);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('batches', () => {
  it('gathers the messages of a moment, at most 100 a request, in order', async () => {
    const { queue, sent, ids } = setUp();
    for (const n of numbers(250)) queue.message({ n }, undefined, false);
    expect(sent).toEqual([]);
    await vi.runAllTimersAsync();
    expect(sent.map(({ body }) => body.batch.length)).toEqual([100, 100, 50]);
    expect(ids()).toEqual(numbers(250));
    expect(sent[0]).toMatchObject({ path: '/v1/batch', body: { writeKey: 'pfe_1', sentAt: expect.any(String) } });
  });

  it('is not held up by a steady stream', async () => {
    const { queue, sent } = setUp();
    for (const n of numbers(10)) {
      queue.message({ n }, undefined, false);
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(sent.length).toBeGreaterThan(2);
  });

  it('keeps to one identity token a request', async () => {
    const { queue, sent, tokens } = setUp();
    tokens.give('ana', 'a');
    tokens.give('bea', 'b');
    queue.message({ n: 0 }, undefined, false);
    queue.message({ n: 1 }, 'ana', false);
    queue.message({ n: 2 }, 'ana', false);
    queue.message({ n: 3 }, 'bea', false);
    await vi.runAllTimersAsync();
    expect(sent.map(({ body }) => [body.token, body.batch.length])).toEqual([
      [undefined, 1],
      ['a', 2],
      ['b', 1],
    ]);
  });

  it('takes a picture of a message when it is given', async () => {
    const { queue, sent } = setUp();
    const message = { n: 1 };
    queue.message(message, undefined, false);
    message.n = 2;
    await vi.runAllTimersAsync();
    expect(sent[0]?.body.batch).toEqual([{ n: 1 }]);
  });

  it('refuses a message of more than 32 KB, and the oldest when too many wait', async () => {
    const { queue, errors, ids } = setUp();
    queue.message({ text: 'é'.repeat(16_100) }, undefined, false);
    expect(errors).toEqual(['too_large']);
    for (const n of numbers(2001)) queue.message({ n }, undefined, false);
    expect(errors).toEqual(['too_large', 'queue_full']);
    await vi.runAllTimersAsync();
    expect(ids()).toEqual(numbers(2001).slice(1));
  });

  it('calls back once the edge has a message, not before', async () => {
    const done = vi.fn();
    const { queue } = setUp(status(500));
    queue.message({ n: 1 }, undefined, true, done);
    await vi.advanceTimersByTimeAsync(0);
    expect(done).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1000);
    expect(done).toHaveBeenCalledOnce();
  });
});

describe('trouble', () => {
  it('tries again with growing pauses until the edge has it, with the same messages', async () => {
    const { queue, sent, ids } = setUp(status(0), status(500), status(503), status(408));
    queue.message({ n: 1 }, undefined, true);
    const at: number[] = [];
    const start = Date.now();
    while (at.length < 5) {
      await vi.advanceTimersToNextTimerAsync();
      while (at.length < sent.length) at.push(Date.now() - start);
    }
    expect(at).toEqual([0, 1000, 3000, 7000, 15_000]);
    expect(ids()).toEqual([1, 1, 1, 1, 1]);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(sent.length).toBe(5);
  });

  it('does nothing before Retry-After is over, whatever is added or flushed', async () => {
    const { queue, sent } = setUp(status(429, 30_000));
    queue.message({ n: 1 }, undefined, true);
    await vi.advanceTimersByTimeAsync(0);
    queue.message({ n: 2 }, undefined, true);
    queue.flush();
    await vi.advanceTimersByTimeAsync(29_999);
    expect(sent.length).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(sent[1]?.body.batch).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('drops what the edge refuses, says so, and goes on', async () => {
    const { queue, sent, errors } = setUp(status(401, undefined, { code: 'unauthenticated' }));
    queue.message({ n: 1 }, 'ana', true);
    await vi.runAllTimersAsync();
    expect(errors).toEqual(['unauthenticated']);
    queue.message({ n: 2 }, undefined, true);
    await vi.runAllTimersAsync();
    expect(sent[1]?.body.batch).toEqual([{ n: 2 }]);
  });

  it('says which messages of a batch were refused', async () => {
    const { queue, errors } = setUp(
      status(200, undefined, { success: true, rejected: [{ index: 0, code: 'personal_event_name' }] }),
    );
    queue.message({ n: 1 }, undefined, true);
    await vi.runAllTimersAsync();
    expect(errors).toEqual(['personal_event_name']);
  });
});

describe('a refused identity token', () => {
  const refused = status(401, undefined, { code: 'invalid_identity_token' });

  it('holds what is said of its user until there is another, and loses and sends nothing meanwhile', async () => {
    const { queue, sent, errors, ids, tokens } = setUp(refused);
    const done = vi.fn();
    tokens.give('ana', 'old');
    queue.message({ n: 1 }, 'ana', true, done);
    await vi.runAllTimersAsync();
    queue.message({ n: 2 }, 'ana', true);
    queue.answers('x', { q1: 1 }, 'ana');
    tokens.give('ana', 'old');
    tokens.give('ana', undefined);
    queue.wake();
    queue.flush(true);
    await vi.advanceTimersByTimeAsync(86_400_000);
    expect(errors).toEqual(['invalid_identity_token']);
    expect([sent.length, done.mock.calls.length]).toEqual([1, 0]);

    tokens.give('ana', 'new');
    await vi.runAllTimersAsync();
    expect(ids()).toEqual([1, 1, 2]);
    expect(sent.slice(1).map(({ path, body }) => [path, body.token])).toEqual([
      ['/v1/batch', 'new'],
      ['/v1/answers', 'new'],
    ]);
    expect(done).toHaveBeenCalledOnce();
  });

  it('holds up nobody else', async () => {
    const { queue, sent, tokens } = setUp(refused);
    tokens.give('ana', 'old');
    queue.message({ n: 1 }, 'ana', false);
    queue.message({ n: 2 }, undefined, false);
    queue.message({ n: 3 }, 'bea', false);
    await vi.runAllTimersAsync();
    expect(sent.slice(1).map(({ body }) => [body.token, body.batch])).toEqual([
      [undefined, [{ n: 2 }]],
      [undefined, [{ n: 3 }]],
    ]);
  });

  it('is tried again at once when it was replaced on the way', async () => {
    let land: (reply: Reply) => void = () => undefined;
    const { queue, sent, errors, tokens } = setUp(
      new Promise((resolve) => {
        land = resolve;
      }),
    );
    tokens.give('ana', 'old');
    queue.message({ n: 1 }, 'ana', true);
    await vi.advanceTimersByTimeAsync(0);
    tokens.give('ana', 'new');
    land(refused);
    await vi.runAllTimersAsync();
    expect(sent.map(({ body }) => body.token)).toEqual(['old', 'new']);
    expect(errors).toEqual([]);
  });

  it('is tried with growing pauses when each new one is refused too, until one is not', async () => {
    const { queue, sent, errors, ids, tokens, page } = setUp(refused, ok, refused, refused, refused, ok, refused);
    const start = Date.now();
    const at: number[] = [];
    let tokensMade = 0;
    // what the README tells a page to do
    page.onError = () => {
      at.push(Math.round((Date.now() - start) / 100) * 100);
      tokens.give('ana', `token ${++tokensMade}`);
      queue.flush();
    };
    tokens.give('ana', 'first');
    queue.message({ n: 1 }, 'ana', true);
    await vi.advanceTimersByTimeAsync(500);
    tokens.give('ana', 'newest');
    queue.message({ n: 2 }, 'ana', true);
    queue.message({ n: 3 }, undefined, true);
    await vi.advanceTimersByTimeAsync(490);
    expect(sent.map(({ body }) => body.token)).toEqual(['first', undefined]);
    await vi.advanceTimersByTimeAsync(20);
    expect(sent[2]?.body).toMatchObject({ token: 'newest', batch: [{ n: 1 }, { n: 2 }] });
    await vi.advanceTimersByTimeAsync(86_400_000);
    expect(at).toEqual([0, 1000, 3000, 7000]);
    expect([sent.length, errors.length]).toEqual([6, 4]);
    // an accepted one ends the count
    queue.message({ n: 4 }, 'ana', true);
    await vi.advanceTimersByTimeAsync(990);
    expect(ids().filter((n) => n === 4)).toEqual([4]);
    await vi.advanceTimersByTimeAsync(20);
    expect(ids().filter((n) => n === 4)).toEqual([4, 4]);
  });

  it('is asked for also when there was none yet', async () => {
    const { queue, sent, errors, tokens } = setUp(refused);
    queue.message({ n: 1 }, 'ana', true);
    await vi.runAllTimersAsync();
    expect([errors, sent.length]).toEqual([['invalid_identity_token'], 1]);
    tokens.give('ana', 'new');
    await vi.runAllTimersAsync();
    expect(sent[1]?.body).toMatchObject({ token: 'new', batch: [{ n: 1 }] });
  });
});

describe('answers', () => {
  it('sends only the newest of an id, after what came before it', async () => {
    const { queue, sent, tokens } = setUp();
    tokens.give('ana', 'jwt');
    queue.message({ n: 1 }, undefined, false);
    queue.answers('a', { id: 'a', answers: { q1: 1 } }, 'ana');
    queue.answers('a', { id: 'a', answers: { q1: 1, q2: 2 } }, 'ana');
    await vi.runAllTimersAsync();
    expect(sent.map(({ path }) => path)).toEqual(['/v1/batch', '/v1/answers']);
    expect(sent[1]?.body).toEqual({ writeKey: 'pfe_1', token: 'jwt', id: 'a', answers: { q1: 1, q2: 2 } });
  });

  it('does not lose a newer one while an older one is on its way', async () => {
    let land: (reply: Reply) => void = () => undefined;
    const { queue, sent } = setUp(
      new Promise<Reply>((resolve) => {
        land = resolve;
      }),
    );
    queue.answers('a', { id: 'a', n: 1 }, undefined);
    await vi.advanceTimersByTimeAsync(0);
    queue.answers('a', { id: 'a', n: 2 }, undefined);
    land(ok);
    await vi.runAllTimersAsync();
    expect(sent.map(({ body }) => body.n)).toEqual([1, 2]);
  });
});

describe('page end', () => {
  it('sends everything at once with keepalive, within 64 KB in all', async () => {
    const { queue, sent } = setUp();
    for (const n of numbers(20)) queue.message({ n, text: 'x'.repeat(5000) }, undefined, false);
    queue.flush(true);
    expect(sent.every(({ keepalive }) => keepalive)).toBe(true);
    const bytes = sent.reduce((sum, { body }) => sum + JSON.stringify(body).length, 0);
    expect(bytes).toBeGreaterThan(50_000);
    expect(bytes).toBeLessThan(64 * 1024);
    await vi.runAllTimersAsync();
    // the page lived on: the rest follows, nothing twice
    expect(sent.flatMap(({ body }) => body.batch.map(({ n }) => n)).sort((a, b) => Number(a) - Number(b))).toEqual(
      numbers(20),
    );
  });

  it('tries a last time even when it was asked to wait', async () => {
    const { queue, sent } = setUp(status(429, 60_000));
    queue.message({ n: 1 }, undefined, true);
    await vi.advanceTimersByTimeAsync(0);
    queue.flush(true);
    expect(sent.length).toBe(2);
  });
});

describe('transport', () => {
  it('reads Retry-After as seconds and as a date', () => {
    const now = Date.parse('2026-10-01T00:00:00Z');
    expect(waitFor('7', now)).toBe(7000);
    expect(waitFor('Thu, 01 Oct 2026 00:00:09 GMT', now)).toBe(9000);
    expect(waitFor('Wed, 30 Sep 2026 00:00:00 GMT', now)).toBe(0);
    expect(waitFor('soon', now)).toBeUndefined();
    expect(waitFor(null, now)).toBeUndefined();
  });

  it('knows what is worth another try, and grows to a minute', () => {
    expect([0, 408, 429, 500, 503].every(isTransient)).toBe(true);
    expect([200, 400, 401, 403, 404, 413].some(isTransient)).toBe(false);
    expect([0, 1, 5, 6, 20].map((attempt) => backoff(attempt, undefined))).toEqual([
      1000, 2000, 32_000, 60_000, 60_000,
    ]);
    vi.spyOn(Math, 'random').mockReturnValue(0);
    expect(backoff(0, undefined)).toBe(500);
    expect(backoff(3, 4000)).toBe(4000);
  });
});
