import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createSync } from '../src/sync';
import { createTokens } from '../src/tokens';
import type { Reply } from '../src/transport';

function setUp(...replies: (Partial<Reply> | Promise<Partial<Reply>>)[]) {
  const asked: Record<string, unknown>[] = [];
  const ready = vi.fn();
  const report = vi.fn();
  const tokens = createTokens(() => sync.request());
  const sync = createSync({
    send: async (_, body) => {
      asked.push(JSON.parse(body));
      const reply = await (replies.shift() ?? {});
      return {
        status: 200,
        retryAfter: undefined,
        body: { ruleset: 1, events: ['Paid', 'Sent'], content: [] },
        ...reply,
      };
    },
    body: (extra) => extra,
    ready,
    user: () => 'ana',
    tokens,
    report,
    guard: (fn) => fn,
  });
  return { sync, asked, ready, report, tokens };
}
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('makes one question of many in the same moment', async () => {
  const { sync, asked } = setUp();
  sync.request();
  sync.request({ traits: { plan: 'pro' } });
  sync.request({ company: { id: 'c1' } });
  await vi.runAllTimersAsync();
  expect(asked).toEqual([{ traits: { plan: 'pro' }, company: { id: 'c1' } }]);
});

it('tries again with what it had to say, and waits as asked', async () => {
  const { sync, asked, ready } = setUp({ status: 429, retryAfter: 5000 }, { status: 0 });
  sync.request({ traits: { a: 1 } });
  await vi.advanceTimersByTimeAsync(4999);
  sync.request({ company: { id: 'c1' } });
  expect(asked.length).toBe(1);
  await vi.advanceTimersByTimeAsync(3001);
  expect(asked.at(-1)).toEqual({ traits: { a: 1 }, company: { id: 'c1' } });
  await vi.runAllTimersAsync();
  expect(ready).toHaveBeenCalledOnce();
});

it('reports a refusal and does not insist', async () => {
  const { sync, asked, report } = setUp({ status: 403, body: { code: 'company_not_in_token', detail: 'no' } });
  sync.request();
  await vi.runAllTimersAsync();
  expect(report).toHaveBeenCalledWith('company_not_in_token', 'no');
  expect(asked.length).toBe(1);
});

it('waits for another identity token with all that it had to say', async () => {
  const { sync, asked, ready, report, tokens } = setUp(
    {},
    { status: 401, body: { code: 'invalid_identity_token', detail: 'expired' } },
  );
  tokens.give('ana', 'old');
  sync.request();
  await vi.runAllTimersAsync();
  sync.happened('Sent');
  sync.request({ traits: { a: 1 } });
  await vi.runAllTimersAsync();
  sync.request();
  await vi.runAllTimersAsync();
  expect(report.mock.calls).toEqual([['invalid_identity_token', 'expired']]);
  expect([asked.length, ready.mock.calls.length]).toEqual([2, 1]);
  tokens.give('ana', 'new');
  sync.request();
  await vi.runAllTimersAsync();
  expect(asked.slice(1)).toEqual([
    { traits: { a: 1 }, event: 'Sent' },
    { traits: { a: 1 }, event: 'Sent' },
  ]);
  expect(ready).toHaveBeenCalledTimes(2);
});

it('asks with growing pauses when each new identity token is refused too, until one is not', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(1);
  const refused = { status: 401, body: { code: 'invalid_identity_token', detail: 'expired' } };
  const { sync, asked, ready, report, tokens } = setUp(refused, refused, refused, {}, refused);
  const at: number[] = [];
  const start = Date.now();
  report.mockImplementation(() => {
    at.push(Math.round((Date.now() - start) / 100) * 100);
    tokens.give('ana', `token ${at.length}`);
    sync.request({ traits: { a: at.length } });
  });
  sync.request();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(at).toEqual([0, 1000, 3000]);
  expect([asked.length, ready.mock.calls.length]).toEqual([4, 1]);
  expect(asked.at(-1)).toEqual({ traits: { a: 3 } });
  // an accepted one ends the count
  sync.request();
  await vi.advanceTimersByTimeAsync(990);
  expect(asked.length).toBe(5);
  await vi.advanceTimersByTimeAsync(20);
  expect(asked.length).toBe(6);
  vi.restoreAllMocks();
});

it('drops an answer about somebody else', async () => {
  let land: (reply: Partial<Reply>) => void = () => undefined;
  const { sync, asked, ready } = setUp(
    new Promise((resolve) => {
      land = resolve;
    }),
  );
  sync.request({ traits: { of: 'first' } });
  await vi.advanceTimersByTimeAsync(0);
  sync.restart();
  land({ body: { ruleset: 99 } });
  await vi.runAllTimersAsync();
  expect(asked).toEqual([{ traits: { of: 'first' } }, {}]);
  expect(ready.mock.calls.map(([answer]) => answer.ruleset)).toEqual([1]);
});

it('asks once for each event that live content waits for, also those of before the first answer', async () => {
  const { sync, asked } = setUp();
  sync.request();
  sync.happened('Sent');
  sync.happened('Clicked');
  await vi.runAllTimersAsync();
  sync.happened('Paid');
  sync.happened('Clicked');
  await vi.runAllTimersAsync();
  expect(asked.map(({ event }) => event)).toEqual([undefined, 'Sent', 'Paid']);
  expect([sync.mentions('Paid'), sync.mentions('Clicked')]).toEqual([true, false]);
});

it('asks again at a navigation when the last answer is old', async () => {
  const { sync, asked } = setUp();
  sync.request();
  await vi.runAllTimersAsync();
  sync.navigated();
  await vi.advanceTimersByTimeAsync(5 * 60_000 + 1);
  expect(asked.length).toBe(1);
  sync.navigated();
  await vi.runAllTimersAsync();
  expect(asked.length).toBe(2);
});
