/** axe-core finds nothing on any screen, in either scheme and width. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { SCREENS } from "../screens/list";
import { type Harness, open, start } from "./harness";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const only = process.env.SCREEN;
let harness: Harness;

beforeAll(async () => {
  harness = await start();
});
afterAll(() => harness.close());

const LOOKS = [
  { width: 1440, scheme: "light" },
  { width: 390, scheme: "dark" },
] as const;

for (const screen of SCREENS.filter(({ name }) => !only || name.match(only))) {
  for (const look of LOOKS) {
    it(`${screen.name} ${look.width} ${look.scheme}`, async () => {
      const { page, context } = await open(harness, { ...look, ...screen.options });
      await page.goto(screen.path);
      if (!screen.early) {
        await page.waitForLoadState("networkidle");
      }
      await screen.act?.(page);
      await page.waitForTimeout(screen.wait ?? 250);
      await page.evaluate(axe);
      const results = (await page.evaluate("axe.run(document, { iframes: false })")) as AxeResults;
      await context.close();
      const found = results.violations.flatMap(({ id, nodes }) =>
        nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.any[0]?.message ?? ""}`),
      );
      expect(found).toEqual([]);
    });
  }
}
