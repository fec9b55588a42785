/** Pictures for people: every screen, wide and narrow, light and dark, in `test/screenshots`. */
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, it } from 'vitest';
import { flow, survey } from './content';
import { NONCE, World } from './world';

const folder = fileURLToPath(new URL('../screenshots/', import.meta.url));
const world = new World();
beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  await world.open();
});
afterAll(() => world.close());

const look = (mode: string) => `<style nonce="${NONCE}">
body { margin: 0; font: 15px/1.6 system-ui, sans-serif; background: ${mode === 'dark' ? '#0f1216; color: #e8eaed' : '#f6f7f9; color: #14171a'} }
main { max-width: 1000px; margin: 40px auto; padding: 0 24px } button#new-invoice { padding: 8px 14px; border-radius: 8px; border: 0; background: #0E7490; color: #fff; font: inherit }
</style>`;
const rows = Array.from(
  { length: 14 },
  (_, i) => `<p>Invoice ${1042 + i} · Northwind Traders · due in ${i + 2} days</p>`,
).join('');

for (const mode of ['light', 'dark'] as const) {
  for (const width of [1440, 390]) {
    it(`${mode} ${width}`, async () => {
      const theme = { accent: '#0E7490', mode: 'auto' } as const;
      world.host = { head: look(mode), main: rows, csp: `; style-src 'nonce-${NONCE}'` };
      const options = {
        viewport: { width, height: width > 1000 ? 900 : 844 },
        hasTouch: width < 1000,
        isMobile: width < 1000,
      };
      const shoot = async (page: Page, name: string) => {
        await page.waitForTimeout(300);
        await page.screenshot({ path: `${folder}${name}-${mode}-${width}.png` });
      };

      world.edge.content = [{ ...flow(), theme }];
      let { page } = await world.visit('/', options);
      await page.getByRole('button', { name: 'Show me' }).waitFor();
      await shoot(page, 'modal');
      await page.getByRole('button', { name: 'Show me' }).click();
      await page.getByRole('button', { name: 'Done' }).waitFor();
      await shoot(page, 'tooltip');

      world.edge.content = [{ ...survey(), theme }];
      page = (await world.visit('/', options)).page;
      await page.getByText('How likely').waitFor();
      await page.keyboard.press('8');
      await shoot(page, 'nps');
      for (const name of ['single', 'multiple', 'text', 'closing']) {
        await page.locator('pilotfish-root .primary').click();
        if (name === 'single') await page.getByLabel('Following up').check();
        if (name === 'multiple') await page.getByLabel('Reports').check();
        await shoot(page, name);
      }
    });
  }
}
