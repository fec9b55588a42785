/** What the customer's page has to put up with: nothing. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { flow, survey } from './content';
import { VERSION } from './edge';
import { NONCE, World } from './world';

const world = new World();
beforeAll(() => world.open());
afterAll(() => world.close());
afterEach(() => world.reset());

describe('loading', () => {
  it('loads the renderer only when there is something to show', async () => {
    const { page } = await world.visit();
    await expect.poll(() => world.edge.of('/v1/sync').length).toBe(1);
    await page.waitForTimeout(300);
    expect(
      await page.evaluate(
        "performance.getEntriesByName('x').length + performance.getEntriesByType('resource').filter((r) => r.name.includes('renderer')).length",
      ),
    ).toBe(0);
  });

  it.each([
    ['one policy allowed', '; trusted-types pilotfish'],
    ['any policy allowed', ''],
  ])('breaks no rule of a strict policy: %s', async (_, csp) => {
    world.host.csp = csp;
    world.edge.content = [flow(), survey()];
    const visit = await world.visit();
    await visit.page.getByRole('button', { name: 'Show me' }).click();
    await visit.page.getByRole('button', { name: 'Done' }).click();
    await visit.page.getByText('How likely are you').waitFor();
    expect(await visit.wrongs()).toEqual([]);
  });

  it('works from the path without a version', async () => {
    world.host.tag = world.tag(undefined, '/sdk/pilotfish.js');
    world.edge.content = [flow()];
    const visit = await world.visit();
    await visit.dialog.waitFor();
    expect(await visit.wrongs()).toEqual([]);
  });

  it('does not run a renderer whose bytes were changed', async () => {
    world.edge.tamper = true;
    world.edge.content = [flow()];
    world.host.before = "window.pilotfish = { q: [['on', 'error', (e) => (window.failure = e)]] }";
    const { page, dialog } = await world.visit();
    await expect.poll(() => page.evaluate('window.failure')).toBeTruthy();
    expect(await page.evaluate('[window.tampered, failure.code]')).toEqual([undefined, 'renderer']);
    expect(await dialog.count()).toBe(0);
  });

  it('plays the queue that was there before it, on the same object', async () => {
    world.host.tag = world.tag('');
    world.host.before = `
      const calls = window.pilotfish = { q: [] };
      for (const m of ['init', 'identify', 'track', 'on']) calls[m] = (...a) => calls.q.push([m, ...a]);
      window.kept = calls;
      pilotfish.track('Early');
      pilotfish.on('ready', () => (window.isReady = true));
      pilotfish.init('pfe_test');
      pilotfish.identify('u1', { plan: 'pro' }, { company: { id: 'c1', attributes: { size: 5 } }, token: 'jwt' });`;
    const { page } = await world.visit();
    await expect.poll(() => page.evaluate('window.isReady')).toBe(true);
    await page.evaluate("kept.track('Late')");
    await expect.poll(() => world.edge.tracked).toEqual(['Early', 'Late']);
    expect(world.edge.of('/v1/sync').length).toBe(1);
    expect(world.edge.of('/v1/sync')[0]?.body).toMatchObject({
      writeKey: 'pfe_test',
      userId: 'u1',
      token: 'jwt',
      traits: { plan: 'pro' },
      company: { id: 'c1', traits: { size: 5 } },
      sdk: VERSION,
    });
  });

  it('is harmless when it is there twice', async () => {
    world.host.tag = world.tag() + world.tag();
    world.edge.content = [flow()];
    const visit = await world.visit();
    await visit.dialog.waitFor();
    await visit.page.waitForTimeout(200);
    expect(await visit.page.locator('pilotfish-root').count()).toBe(1);
    expect(world.edge.of('/v1/sync').length).toBe(1);
    expect(await visit.wrongs()).toEqual([]);
  });
});

describe('the host page', () => {
  it('keeps nothing of ours but one credential', async () => {
    world.edge.content = [flow(), survey()];
    const { page } = await world.visit();
    await page.evaluate(
      "pilotfish.identify('ada@example.com', { email: 'ada@example.com' }); pilotfish.track('Invoice Sent', { amount: 3 })",
    );
    await page.getByRole('button', { name: 'Show me' }).click();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByText('7', { exact: true }).click();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.waitForTimeout(400);
    const kept = (await page.evaluate(async () => ({
      cookies: document.cookie,
      local: Object.entries(localStorage),
      session: Object.entries(sessionStorage),
      databases: await indexedDB.databases(),
      caches: await caches.keys(),
      workers: (await navigator.serviceWorker.getRegistrations()).length,
    }))) as { local: [string, string][] };
    expect(kept).toMatchObject({ cookies: '', session: [], databases: [], caches: [], workers: 0 });
    expect(kept.local).toEqual([['pilotfish_device', expect.stringMatching(/^[0-9a-f]{32}$/)]]);
    expect(await page.context().cookies()).toEqual([]);
    const said = world.edge.of('/v1/batch')[0];
    expect(said?.headers.cookie).toBeUndefined();
    expect(said?.headers['content-type']).toMatch(/^text\/plain/);
    expect(world.edge.requests.filter(({ path }) => path.startsWith('OPTIONS'))).toEqual([]);
  });

  it('says no query string and no fragment', async () => {
    const { page } = await world.visit('/reset?token=secret#secret');
    await page.evaluate("pilotfish.page(); pilotfish.track('A')");
    await expect.poll(() => world.edge.messages.length).toBe(2);
    expect(JSON.stringify(world.edge.requests.map(({ body }) => body))).not.toContain('secret');
  });

  it.each([
    ['storage throws', "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no') } });"],
    ['storage is full', "Storage.prototype.setItem = () => { throw new DOMException('full') };"],
    [
      'prototypes are frozen',
      '[Object, Array, Function, String, Promise, Map, Set, RegExp, Error].forEach((c) => Object.freeze(c.prototype));',
    ],
    ['history is frozen', "Object.defineProperty(window, 'navigation', { value: undefined }); Object.freeze(history);"],
    [
      'an element has our name',
      "addEventListener('DOMContentLoaded', () => { const d = document.createElement('div'); d.id = 'pilotfish'; document.body.append(d); });",
    ],
    ['there is no navigation API', "Object.defineProperty(window, 'navigation', { value: undefined });"],
  ])('is no problem when %s', async (_, before) => {
    world.host.before = before;
    world.edge.content = [flow()];
    const visit = await world.visit();
    await visit.page.getByRole('button', { name: 'Show me' }).click();
    await visit.page.getByRole('button', { name: 'Done' }).click();
    await visit.dialog.waitFor({ state: 'detached' });
    await expect.poll(() => world.edge.tracked.at(-1)).toBe('$completed');
    expect(await visit.wrongs()).toEqual([]);
  });

  it('never hears of our errors, whatever it calls us with', async () => {
    const visit = await world.visit();
    await visit.page.evaluate(`(() => {
      window.errors = [];
      pilotfish.on('error', (e) => errors.push(e.code));
      pilotfish.on('error', () => { throw new Error('theirs') });
      const loop = {}; loop.loop = loop;
      pilotfish.track('Loop', loop);
      pilotfish.track('Big', { text: 'x'.repeat(40000) });
      pilotfish.init(42);
      pilotfish.identify();
      pilotfish.identify(null, 7, null);
      pilotfish.show({});
      pilotfish.on('nonsense');
      pilotfish.off();
      pilotfish.group(undefined, Symbol());
      pilotfish.use(null);
    })()`);
    expect(await visit.page.evaluate('errors.length')).toBeGreaterThan(3);
    expect(visit.complaints.filter((text) => !text.includes('theirs'))).toEqual([]);
    await visit.page.evaluate("pilotfish.track('Still here')");
    await expect.poll(() => world.edge.tracked).toContain('Still here');
  });

  it('does not move when something is shown', async () => {
    world.host.head = `<style nonce="${NONCE}"></style>`;
    world.edge.content = [survey({ trigger: { kind: 'manual' } })];
    const { page, dialog } = await world.visit();
    await page.evaluate(
      `window.shift = 0; new PerformanceObserver((l) => l.getEntries().forEach((e) => (shift += e.value))).observe({ type: 'layout-shift', buffered: true })`,
    );
    const before = await page.locator('main').boundingBox();
    await page.evaluate("pilotfish.show('srv_1')");
    await dialog.waitFor();
    await page.waitForTimeout(300);
    expect(await page.locator('main').boundingBox()).toEqual(before);
    expect(await page.evaluate('shift')).toBe(0);
  });
});

describe('delivery', () => {
  it('loses nothing that happens offline', async () => {
    const { page } = await world.visit();
    await expect.poll(() => world.edge.of('/v1/sync').length).toBe(1);
    await page.context().setOffline(true);
    await page.evaluate("for (let i = 0; i < 250; i++) pilotfish.track('Event ' + i)");
    await page.waitForTimeout(1500);
    expect(world.edge.tracked).toEqual([]);
    await page.context().setOffline(false);
    await expect.poll(() => world.edge.tracked.length, { timeout: 10_000 }).toBe(250);
    expect(new Set(world.edge.messages.map(({ messageId }) => messageId)).size).toBe(250);
  });

  it('sends what is left when the page ends', async () => {
    const { page } = await world.visit();
    await expect.poll(() => world.edge.of('/v1/sync').length).toBe(1);
    await page.evaluate("pilotfish.track('Last words'); location.href = 'about:blank'");
    await expect.poll(() => world.edge.tracked).toEqual(['Last words']);
  });

  it('shows content whose event was acknowledged, one piece at a time, in order', async () => {
    world.edge.events = ['Invoice Sent'];
    world.edge.content = [
      survey({ id: 'srv_2', trigger: { kind: 'event', event: 'Invoice Sent' } }),
      flow({
        trigger: { kind: 'event', event: 'Invoice Sent' },
        steps: [{ id: 's1', kind: 'modal', title: 'Second' }],
      }),
    ];
    const { page, dialog } = await world.visit();
    await expect.poll(() => world.edge.of('/v1/sync').length).toBe(1);
    await page.waitForTimeout(200);
    expect(await dialog.count()).toBe(0);
    await page.evaluate("pilotfish.track('Invoice Sent')");
    await page.getByText('How likely are you').waitFor();
    expect(world.edge.of('/v1/sync').at(-1)?.body.event).toBe('Invoice Sent');
    expect(await dialog.count()).toBe(1);
    await page.evaluate('pilotfish.dismiss()');
    await page.getByRole('dialog', { name: 'Second' }).waitFor();
  });

  it('keeps to the page that a rule names, and never shows what it cannot decide', async () => {
    world.edge.content = [
      flow({ id: 'flw_unknown', where: { field: 'person.plan', op: 'is', value: 'pro' } }),
      flow({ id: 'flw_page', where: { field: 'page.path', op: 'starts_with', value: '/invoices' } }),
    ];
    const { page, dialog } = await world.visit();
    await expect.poll(() => world.edge.of('/v1/sync').length).toBe(1);
    await page.waitForTimeout(200);
    expect(await dialog.count()).toBe(0);
    await page.evaluate("history.pushState({}, '', '/invoices/7?x=1')");
    await dialog.waitFor();
    await expect.poll(() => world.edge.messages.at(0)?.properties?.content).toBe('flw_page');
  });

  it('tells at debug() why something is not shown', async () => {
    world.edge.content = [
      flow({ id: 'flw_page', trigger: { kind: 'page', where: { field: 'page.path', op: 'is', value: '/x' } } }),
      survey({ id: 'srv_manual', trigger: { kind: 'manual' } }),
    ];
    const visit = await world.visit();
    const lines: string[] = [];
    visit.page.on('console', (message) => lines.push(message.text()));
    await expect.poll(() => world.edge.of('/v1/sync').length).toBe(1);
    await visit.page.evaluate('pilotfish.debug()');
    await expect
      .poll(() => lines.filter((line) => line.includes('not shown')))
      .toEqual([
        '[pilotfish] flw_page: not shown: trigger: not on this page',
        '[pilotfish] srv_manual: not shown: trigger: waits for show()',
      ]);
  });

  it('reads from right to left where the page does', async () => {
    world.host.html = 'lang="ar" dir="rtl"';
    world.edge.content = [survey({ theme: { mode: 'light' } })];
    const { page, dialog } = await world.visit();
    await page.getByRole('button', { name: 'التالي' }).waitFor();
    await page.waitForTimeout(250);
    expect((await dialog.boundingBox())?.x).toBe(16);
  });

  it('is quiet while muted, and goes on where it was', async () => {
    world.edge.content = [survey()];
    const { page, dialog } = await world.visit();
    await dialog.waitFor();
    await page.keyboard.press('8');
    await page.keyboard.press('Enter');
    await page.getByText('What do you use').waitFor();
    await page.evaluate('pilotfish.mute()');
    await dialog.waitFor({ state: 'detached' });
    await page.evaluate('pilotfish.unmute()');
    await page.getByText('What do you use').waitFor();
    await page.waitForTimeout(300);
    expect(world.edge.tracked).toEqual(['$shown']);
  });

  it('makes a new credential at reset, and for another person on the same device', async () => {
    const { page } = await world.visit();
    const device = () => page.evaluate<string>('localStorage.pilotfish_device');
    const first = await device();
    await page.evaluate("pilotfish.identify('u1')");
    expect(await device()).toBe(first);
    await page.evaluate("pilotfish.identify('u2')");
    const second = await device();
    expect(second).not.toBe(first);
    await page.evaluate('pilotfish.reset()');
    expect(await device()).not.toBe(second);
    await expect
      .poll(() => world.edge.messages.map(({ userId, anonymousId }) => [userId, anonymousId]))
      .toEqual([
        ['u1', first],
        ['u2', second],
      ]);
  });
});
