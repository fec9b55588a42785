import { defineConfig } from "vitest/config";

/** Browser tests and screenshots: the built dashboard in Debian's Chromium. */
export default defineConfig({
  test: {
    include: ["browser/**/*.browser.ts", "screens/**/*.screens.ts"],
    environment: "node",
    fileParallelism: false,
    testTimeout: 240_000,
    hookTimeout: 60_000,
  },
});
