import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FlowContent, Step } from '../../src/types';
import { flow } from './content';
import { World } from './world';

const world = new World();
beforeAll(() => world.open());
afterAll(() => world.close());
beforeEach(() => {
  world.edge.content = [flow()];
});
afterEach(() => world.reset());

const steps = () =>
  world.edge.messages.filter(({ event }) => event === '$step').map(({ properties }) => properties?.step);
const secondPage = (step: Partial<Step> = {}): FlowContent =>
  flow({
    steps: [
      {
        id: 's1',
        kind: 'modal',
        title: 'Welcome',
        buttons: [{ text: 'Open payments', action: 'link', url: '/payments' }],
      },
      {
        id: 's2',
        kind: 'modal',
        title: 'These are your payments',
        where: { field: 'page.path', op: 'is', value: '/payments' },
        buttons: [{ text: 'Done', action: 'next' }],
        ...step,
      } as Step,
    ],
  });

describe('a flow', () => {
  it('is walked with the keyboard alone; the modal keeps focus, and gives it back', async () => {
    world.edge.content = [flow({ trigger: { kind: 'manual' } })];
    const visit = await world.visit();
    const { page, dialog } = visit;
    const keys = page.keyboard;
    await page.focus('#new-invoice');
    await page.evaluate("pilotfish.show('flw_1')");
    await page.getByRole('dialog', { name: 'Welcome to Harbour' }).waitFor();
    expect(await dialog.getAttribute('aria-modal')).toBe('true');
    const stops: string[] = [];
    for (let i = 0; i < 4; i++) {
      await keys.press('Tab');
      stops.push(await visit.focused());
    }
    expect(stops).toEqual(['button Not now', 'button Show me', 'button Close', 'button Not now']);
    await keys.press('Shift+Tab');
    expect(await visit.focused()).toBe('button Close');
    await keys.press('Shift+Tab');
    await keys.press('Enter');

    await page.getByRole('dialog', { name: 'Start here' }).waitFor();
    await keys.press('Tab');
    await keys.press('Tab');
    expect(await visit.focused()).toBe('button Done');
    await keys.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    expect(await visit.focused()).toBe('button New invoice');
    await expect.poll(() => world.edge.tracked).toEqual(['$shown', '$step', '$step', '$completed']);
    expect(steps()).toEqual(['s1', 's2']);
    expect(await visit.wrongs()).toEqual([]);
  });

  it('cannot be left by the mouse through its modal', async () => {
    const { page, dialog } = await world.visit();
    await dialog.waitFor();
    await page.evaluate("window.hit = 0; document.querySelector('#new-invoice').onclick = () => hit++");
    const box = await page.locator('#new-invoice').boundingBox();
    await page.mouse.click((box?.x ?? 0) + 5, (box?.y ?? 0) + 5);
    expect(await page.evaluate('hit')).toBe(0);
  });

  it('stands beside its target and follows it', async () => {
    const { page, dialog } = await world.visit();
    await page.getByRole('button', { name: 'Show me' }).click();
    const tip = page.getByRole('dialog', { name: 'Start here' });
    await tip.waitFor();
    const below = async () => {
      const [target, box] = await Promise.all([page.locator('#new-invoice').boundingBox(), dialog.boundingBox()]);
      return Math.round((box?.y ?? 0) - ((target?.y ?? 0) + (target?.height ?? 0)));
    };
    await expect.poll(below).toBe(16);
    await page.evaluate("document.querySelector('h1').style.paddingTop = '120px'");
    await expect.poll(below).toBe(16);
  });

  it('waits for a target that comes later, and for one that is rendered anew', async () => {
    world.edge.content = [
      flow({ steps: [{ id: 's1', kind: 'tooltip', title: 'Late', target: { selector: '#late' } }] }),
    ];
    const { page, dialog } = await world.visit();
    await page.waitForTimeout(400);
    expect(await dialog.count()).toBe(0);
    expect(world.edge.tracked).toEqual([]);
    const put =
      "document.querySelector('main').insertAdjacentElement('beforeend', Object.assign(document.createElement('b'), {id: 'late', textContent: 'x'}))";
    await page.evaluate(put);
    await dialog.waitFor();
    await page.evaluate("document.querySelector('#late').remove()");
    await dialog.waitFor({ state: 'detached' });
    await page.evaluate(put);
    await dialog.waitFor();
    await expect.poll(() => world.edge.tracked).toEqual(['$shown', '$step']);
  });

  it('goes on when its target is clicked', async () => {
    world.edge.content = [
      flow({
        steps: [
          {
            id: 's1',
            kind: 'tooltip',
            title: 'Click it',
            target: { selector: '#new-invoice' },
            advance: 'target_click',
          },
          { id: 's2', kind: 'modal', title: 'Well done' },
        ],
      }),
    ];
    const { page, dialog } = await world.visit();
    await dialog.waitFor();
    await page.click('#new-invoice');
    await page.getByRole('dialog', { name: 'Well done' }).waitFor();
  });

  it('scrolls to its target', async () => {
    world.host.main = `<div id="far"></div>`;
    world.host.before =
      "addEventListener('DOMContentLoaded', () => { const far = document.querySelector('#far'); far.style.marginTop = '3000px'; far.textContent = 'far'; })";
    world.edge.content = [flow({ steps: [{ id: 's1', kind: 'tooltip', title: 'Far', target: { selector: '#far' } }] })];
    const { page, dialog } = await world.visit('/', { reducedMotion: 'reduce' });
    await dialog.waitFor();
    await expect.poll(() => page.evaluate('scrollY')).toBeGreaterThan(1000);
    await expect.poll(async () => (await dialog.boundingBox())?.y ?? -1).toBeGreaterThan(0);
  });

  it.each(['with the Navigation API', 'with history wrapped'])(
    'shows its second step where the app went: %s',
    async (how) => {
      if (how.includes('wrapped'))
        world.host.before =
          'delete window.navigation; Object.defineProperty(window, "navigation", {value: undefined});';
      world.edge.content = [
        flow({
          steps: [
            { id: 's1', kind: 'modal', title: 'One', buttons: [{ text: 'Next', action: 'next' }] },
            { id: 's2', kind: 'modal', title: 'Two', where: { field: 'page.path', op: 'is', value: '/two' } },
          ],
        }),
      ];
      const visit = await world.visit();
      const { page, dialog } = visit;
      await page.getByRole('button', { name: 'Next' }).click();
      await dialog.waitFor({ state: 'detached' });
      await page.evaluate("history.pushState({mine: 1}, '', '/two')");
      await page.getByRole('dialog', { name: 'Two' }).waitFor();
      expect(await page.evaluate('history.state')).toEqual({ mine: 1 });
      await page.evaluate("history.replaceState(null, '', '/three')");
      await dialog.waitFor({ state: 'detached' });
      await page.evaluate('history.back()');
      await page.waitForTimeout(200);
      expect(await dialog.count()).toBe(0);
      expect(steps()).toEqual(['s1', 's2']);
      expect(await visit.wrongs()).toEqual([]);
    },
  );

  it('has told the edge its step before a link leaves the page, and goes on there', async () => {
    world.edge.content = [secondPage()];
    const { page } = await world.visit();
    await page.getByRole('link', { name: 'Open payments' }).waitFor();
    world.edge.content = [{ ...secondPage(), resume: 's2' }];
    await expect.poll(steps).toEqual(['s1']);
    world.edge.slow = 300;
    const toldBefore = page.waitForRequest('**/payments').then(() => steps());
    await page.getByRole('link', { name: 'Open payments' }).click();
    expect(await toldBefore).toEqual(['s1', 's2']);
    await page.waitForURL('**/payments');
    world.edge.slow = 0;
    await page.getByRole('dialog', { name: 'These are your payments' }).waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
    await expect.poll(() => world.edge.tracked).toEqual(['$shown', '$step', '$step', '$completed']);
  });

  it('lets a single-page app navigate by itself', async () => {
    world.host.tag = world.tag('');
    world.host.before = `window.pilotfish = { q: [['init', 'pfe_test', { navigate: (url) => history.pushState({}, '', url) }]] };`;
    world.edge.content = [secondPage()];
    const { page } = await world.visit();
    await page.evaluate('window.same = true');
    await page.getByRole('link', { name: 'Open payments' }).click();
    await page.getByRole('dialog', { name: 'These are your payments' }).waitFor();
    expect(await page.evaluate('same')).toBe(true);
  });

  it('never offers a link that is a script', async () => {
    world.edge.content = [
      flow({
        steps: [
          {
            id: 's1',
            kind: 'modal',
            title: '<img src=x onerror=alert(1)>',
            body: '<script>alert(1)</script>',
            buttons: [
              { text: 'Bad', action: 'link', url: 'javascript:alert(1)' },
              { text: 'Good', action: 'link', url: 'https://example.com/help' },
            ],
          },
        ],
      }),
    ];
    const visit = await world.visit();
    await visit.dialog.waitFor();
    expect(await visit.dialog.locator('a').allTextContents()).toEqual(['Good']);
    expect(await visit.page.getByRole('heading', { name: '<img src=x onerror=alert(1)>' }).count()).toBe(1);
    expect(await visit.wrongs()).toEqual([]);
  });
});
