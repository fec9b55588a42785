/** `npm run screens`: every screen in two widths and two schemes, as PNG files under `screens/out`. */
import { mkdirSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, open, start } from "../browser/harness";
import { SCREENS } from "./list";

const OUT = "screens/out";
let harness: Harness;

beforeAll(async () => {
  mkdirSync(OUT, { recursive: true });
  harness = await start();
});
afterAll(() => harness.close());

const only = process.env.SCREEN;
const chosen = SCREENS.filter((screen) => !only || screen.name.match(only));
const sizes = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];

for (const screen of chosen) {
  for (const size of sizes) {
    for (const scheme of ["light", "dark"] as const) {
      it(`${screen.name} ${size.width} ${scheme}`, async () => {
        const { page, context, complaints } = await open(harness, { ...size, scheme, ...screen.options });
        await page.goto(screen.path);
        if (!screen.early) {
          await page.waitForLoadState("networkidle");
        }
        await screen.act?.(page);
        await page.waitForTimeout(screen.wait ?? 250);
        await page.screenshot({
          path: `${OUT}/${screen.name}-${size.width}-${scheme}.png`,
          fullPage: screen.fullPage ?? true,
        });
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        await context.close();
        expect(complaints).toEqual([]);
        expect(overflow, "the page is wider than the window").toBeLessThanOrEqual(0);
      });
    }
  }
}
