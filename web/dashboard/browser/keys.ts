/** What the tests by keyboard alone share. */
import type { Page } from "playwright-core";

/** Tabs until the focused element has this name; fails when it does not come. */
export async function tabTo(page: Page, name: RegExp, most = 60): Promise<void> {
  for (let presses = 0; presses < most; presses += 1) {
    const focused = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement | null;
      const label = element?.id ? document.querySelector(`label[for="${element.id}"]`)?.textContent : "";
      return `${element?.getAttribute("aria-label") ?? ""}|${label ?? ""}|${element?.textContent ?? ""}`;
    });
    if (name.test(focused)) {
      return;
    }
    await page.keyboard.press("Tab");
  }
  throw new Error(`never reached ${name}`);
}

/** Presses an arrow in a menu until the focused item has this text. */
export async function arrowTo(page: Page, key: "ArrowDown" | "ArrowUp", text: RegExp): Promise<void> {
  for (let presses = 0; presses < 8; presses += 1) {
    if (text.test((await page.evaluate(() => document.activeElement?.textContent)) ?? "")) {
      return;
    }
    await page.keyboard.press(key);
  }
  throw new Error(`no item ${text}`);
}

/** The name of what has the focus: its label, or its words; the tag's name where there are none. */
export function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement;
    return element?.getAttribute("aria-label") ?? (element?.textContent || (element?.id ?? element?.tagName ?? ""));
  });
}

/** The id of what has the focus; of the page itself it is `page`. */
export function focusedId(page: Page): Promise<string | undefined> {
  return page.evaluate(() => document.activeElement?.id);
}

/** Opens the command palette, which then hears what is typed; the keys are heard once the frame listens. */
export async function openPalette(page: Page): Promise<void> {
  const command = page.getByLabel("Command", { exact: true });
  while (!(await command.isVisible())) {
    await page.keyboard.press("Control+k");
    await command.waitFor({ timeout: 2_000 }).catch(() => undefined);
  }
  await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label") === "Command");
}
