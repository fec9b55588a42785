import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { contrast } from '../../src/theme';
import type { Content } from '../../src/types';
import { flow, survey } from './content';
import { NONCE, type Visit, World } from './world';

const world = new World();
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
beforeAll(() => world.open());
afterAll(() => world.close());
afterEach(() => world.reset());

/** Only what axe finds inside our root: the page around it is not ours. */
async function findings({ page, dialog }: Visit): Promise<string[]> {
  await dialog.waitFor();
  await page.waitForTimeout(250);
  const { violations, incomplete, passes } = (await page.evaluate(
    'axe.run(document, { resultTypes: ["violations", "incomplete"] })',
  )) as AxeResults;
  expect(passes.length).toBeGreaterThan(5);
  return [...violations, ...incomplete].flatMap(({ id, nodes }) =>
    nodes
      .filter(({ target }) => JSON.stringify(target).includes('pilotfish-root'))
      .map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}

const themes = {
  light: { mode: 'light' },
  dark: { mode: 'dark' },
  'a pale accent': { accent: '#ffe08a', mode: 'light' },
  'a dim text on a coloured ground': { accent: '#0E7490', background: '#e7f3f5', text: '#9bb', mode: 'light' },
} as const;

it.each([
  ['#ffe08a', 'light'],
  ['#0b1f33', 'dark'],
  ['white', 'light'],
  ['hsl(200 90% 50%)', 'dark'],
  ['no colour', 'light'],
] as const)('an accent of %s stands out, %s', async (accent, mode) => {
  world.edge.content = [survey({ theme: { accent, mode } })];
  const { page, dialog } = await world.visit();
  await dialog.waitFor();
  const color = async (name: string) =>
    (
      await page.evaluate<string>(
        `document.querySelector('pilotfish-root').shadowRoot.firstChild.style.getPropertyValue('--${name}')`,
      )
    )
      .match(/\d+/g)
      ?.map(Number) as [number, number, number];
  const [accented, ground, line, onAccent] = await Promise.all(['accent', 'ground', 'line', 'on-accent'].map(color));
  if (!accented || !ground || !line || !onAccent) throw new Error('a colour is missing');
  expect(contrast(accented, ground)).toBeGreaterThanOrEqual(3);
  expect(contrast(line, ground)).toBeGreaterThanOrEqual(3);
  expect(contrast(onAccent, accented)).toBeGreaterThanOrEqual(4.5);
});

describe.each(Object.entries(themes))('axe finds nothing, %s', (_, theme) => {
  const show = async (content: Content): Promise<Visit> => {
    world.edge.content = [{ ...content, theme }];
    // axe is a script of the host here: it gets the host's nonce, in a page whose policy asks for no trusted types
    world.host.tag = `<script nonce="${NONCE}">${axe}</script>${world.tag()}`;
    return world.visit();
  };

  it('in any question of a survey', async () => {
    const visit = await show(survey());
    for (let question = 0; question < 5; question++) {
      expect(await findings(visit)).toEqual([]);
      if (question === 0) {
        await visit.page.keyboard.press('Enter');
        await visit.page.getByRole('alert').waitFor();
        expect(await findings(visit)).toEqual([]);
        await visit.page.keyboard.press('7');
      }
      if (question === 1) await visit.page.getByLabel('Sending invoices').check();
      if (question < 4) await visit.page.locator('pilotfish-root .primary').click();
    }
  });

  it('in the modal and the tooltip of a flow', async () => {
    const visit = await show(flow());
    expect(await findings(visit)).toEqual([]);
    await visit.page.getByRole('button', { name: 'Show me' }).click();
    await visit.page.getByRole('dialog', { name: 'Start here' }).waitFor();
    expect(await findings(visit)).toEqual([]);
  });
});
