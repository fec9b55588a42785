import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Frequency } from '../../src/types';
import { survey } from './content';
import { World } from './world';

const world = new World();
beforeAll(() => world.open());
afterAll(() => world.close());
beforeEach(() => {
  world.edge.content = [survey()];
});
afterEach(() => world.reset());

const answers = () => world.edge.of('/v1/answers').map(({ body }) => body);

describe('a survey', () => {
  it('is answered with the keyboard alone', async () => {
    const visit = await world.visit();
    const { page, dialog } = visit;
    const keys = page.keyboard;
    await dialog.waitFor();
    expect(await dialog.getAttribute('aria-modal')).toBeNull();

    await keys.press('Enter');
    expect(await page.getByRole('alert').textContent()).toBe('Please answer this question.');
    await keys.press('1');
    await keys.press('0');
    expect(await page.getByRole('radio', { name: '10, Extremely likely' }).isChecked()).toBe(true);
    await keys.press('9');
    await keys.press('Enter');

    // An answer that waits to be sent is replaced by the next one.
    const sent = (count: number) => expect.poll(() => answers().length).toBe(count);
    await page.getByText('What do you use Harbour for most?').waitFor();
    await sent(1);
    await keys.press('ArrowDown');
    expect(await page.getByLabel('Following up on payments').isChecked()).toBe(true);
    await keys.press('Enter');

    await page.getByText('Choose all that apply.').waitFor();
    await sent(2);
    await keys.press('Space');
    await keys.press('Tab');
    await keys.press('Tab');
    await keys.press('Space');
    await keys.press('Enter');

    await page.getByText('Anything else?').waitFor();
    await sent(3);
    await keys.type('Dunning letters & 7 <b>reminders</b>');
    await keys.press('Control+Enter');

    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
    await keys.press('Tab');
    await keys.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await sent(4);

    const last = answers().at(-1);
    expect(last.answers).toEqual({ q1: 9, q2: 'b', q3: ['a', 'c'], q4: 'Dunning letters & 7 <b>reminders</b>' });
    expect(last).toMatchObject({ content: 'srv_1', version: 3, complete: true, writeKey: 'pfe_test' });
    expect(answers().map(({ complete }) => complete)).toEqual([false, false, false, true]);
    expect(new Set(answers().map(({ id }) => id)).size).toBe(1);
    expect(last.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    await expect.poll(() => world.edge.tracked).toEqual(['$shown', '$completed']);
    expect(await visit.wrongs()).toEqual([]);
  });

  it('goes back without losing answers', async () => {
    const { page, dialog } = await world.visit();
    await dialog.waitFor();
    await page.getByText('7', { exact: true }).click();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('button', { name: 'Back' }).click();
    expect(await page.getByRole('radio', { name: '7', exact: true }).isChecked()).toBe(true);
  });

  it('leaves on Escape, says so, and gives focus back', async () => {
    world.edge.content = [survey({ position: 'center' })];
    const visit = await world.visit('/', {});
    await visit.dialog.waitFor();
    await visit.page.keyboard.press('Escape');
    await visit.dialog.waitFor({ state: 'detached' });
    await expect.poll(() => world.edge.tracked).toEqual(['$shown', '$dismissed']);
    // it is not asked again in this page life
    await visit.page.evaluate("history.pushState({}, '', '/other')");
    await visit.page.waitForTimeout(200);
    expect(await visit.dialog.count()).toBe(0);
  });

  it.each([
    ['page', 'once'],
    ['manual', 'once'],
    ['page', 'recontact'],
    ['manual', 'recontact'],
  ] as const)('is not shown again by show(): trigger %s, frequency %s', async (trigger, frequency) => {
    world.edge.content = [
      survey({ trigger: { kind: trigger }, frequency: { kind: frequency, days: 30 } as Frequency }),
    ];
    const { page, dialog } = await world.visit();
    await expect.poll(() => world.edge.of('/v1/sync').length).toBe(1);
    await page.evaluate("pilotfish.show('srv_1')");
    await dialog.waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.evaluate("pilotfish.show('srv_1')");
    await page.waitForTimeout(300);
    expect(await dialog.count()).toBe(0);
    expect(world.edge.tracked).toEqual(['$shown', '$dismissed']);
  });

  it('is shown again by show() where its frequency allows it, as another set of answers', async () => {
    world.edge.content = [survey({ trigger: { kind: 'manual' }, frequency: { kind: 'always' } })];
    const { page, dialog } = await world.visit();
    for (const times of [1, 2]) {
      await page.evaluate("pilotfish.show('srv_1')");
      await dialog.waitFor();
      await page.getByText('7', { exact: true }).click();
      await page.getByRole('button', { name: 'Next' }).click();
      await expect.poll(() => new Set(answers().map(({ id }) => id)).size).toBe(times);
      await page.evaluate('pilotfish.dismiss()');
      await dialog.waitFor({ state: 'detached' });
    }
  });

  it('does not take focus from somebody who types, nor their keys', async () => {
    world.edge.content = [survey({ trigger: { kind: 'manual' } })];
    const visit = await world.visit();
    await visit.page.focus('#search');
    await visit.page.evaluate("pilotfish.show('srv_1')");
    await visit.dialog.waitFor();
    await visit.page.keyboard.type('42');
    expect(await visit.page.inputValue('#search')).toBe('42');
    expect(await visit.page.getByRole('radio', { checked: true }).count()).toBe(0);
  });

  it('keeps what is typed from the shortcuts of the host', async () => {
    world.host.before = "window.heard = []; document.addEventListener('keydown', (e) => heard.push(e.key))";
    world.edge.content = [survey({ questions: [{ id: 'q', kind: 'open_text', text: 'Why?' }] })];
    const { page, dialog } = await world.visit();
    await dialog.waitFor();
    await page.getByRole('textbox', { name: 'Why?' }).fill('');
    await page.getByRole('textbox', { name: 'Why?' }).press('j');
    expect(await page.evaluate('heard')).toEqual([]);
  });

  it('is a sheet at the bottom of a small screen, with targets of 44 px', async () => {
    const { page, dialog } = await world.visit('/', { viewport: { width: 390, height: 844 }, hasTouch: true });
    await dialog.waitFor();
    await page.waitForTimeout(250);
    const box = await dialog.boundingBox();
    expect(box).toMatchObject({ x: 0, width: 390 });
    expect(Math.round((box?.y ?? 0) + (box?.height ?? 0))).toBe(844);
    const sizes = await dialog
      .locator('button, .nps label')
      .evaluateAll((all) =>
        all.map((one) => one.getBoundingClientRect()).map(({ width, height }) => Math.min(width, height)),
      );
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(44);
  });
});
