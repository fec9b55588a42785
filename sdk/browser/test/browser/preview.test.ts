import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { flow, survey } from './content';
import { NONCE, World } from './world';

const world = new World();
const bundle = readFileSync(fileURLToPath(new URL('../../dist/esm/preview.js', import.meta.url)), 'utf8');
beforeAll(() => world.open());
afterAll(() => world.close());
afterEach(() => world.reset());

/** The preview as a module of the page, with what the test wants to call on `window`. */
async function open(options: object) {
  const inline = bundle.replace(/export\s*\{\s*(\w+) as mountPreview\s*\};?/, 'window.mount = $1;');
  world.host.tag = `<script type="module" nonce="${NONCE}">${inline}</script>`;
  const visit = await world.visit();
  await visit.page.focus('#search');
  await visit.page.evaluate(
    `window.events = []; window.preview = mount(document.querySelector('main'), { ...${JSON.stringify(options)}, onEvent: (e) => events.push(e) })`,
  );
  return visit;
}

it('draws a survey in a container, tells what happens, sends and stores nothing, leaves focus alone', async () => {
  const { questions, closing } = survey();
  const visit = await open({
    kind: 'survey',
    definition: { questions, closing },
    theme: { mode: 'dark' },
    locale: 'de',
  });
  const { page } = visit;
  await page.locator('main pilotfish-root dialog').waitFor();
  expect(await visit.focused()).toMatch(/^input/);
  await page.getByText('9', { exact: true }).click();
  await page.getByRole('button', { name: 'Weiter' }).click();
  await page.getByText('What do you use Harbour').waitFor();
  await page.evaluate('preview.update({ step: 4 })');
  await page.getByText('We read every answer.').waitFor();
  expect(await page.evaluate('events')).toEqual([
    { type: 'answered', answers: { q1: 9 }, complete: false },
    { type: 'step', step: 1 },
  ]);
  expect([world.edge.requests.length, await page.evaluate('localStorage.length')]).toEqual([0, 0]);
  await page.evaluate('preview.destroy()');
  expect(await page.locator('pilotfish-root').count()).toBe(0);
  expect(await visit.wrongs()).toEqual([]);
});

it('draws the steps of a flow, a tooltip beside a stand-in', async () => {
  const visit = await open({ kind: 'flow', definition: { steps: flow().steps } });
  const { page } = visit;
  await page.getByRole('button', { name: 'Show me' }).click();
  await page.getByRole('dialog', { name: 'Start here' }).waitFor();
  await page.getByRole('button', { name: 'Done' }).click();
  expect(await page.evaluate('events')).toEqual([{ type: 'step', step: 1 }, { type: 'completed' }]);
  expect(await visit.wrongs()).toEqual([]);
});
