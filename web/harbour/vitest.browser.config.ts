/** Tests in a real Chromium against `dist`, one after the other: they share one browser. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["tests/browser/*.test.ts"], testTimeout: 30_000, hookTimeout: 30_000, fileParallelism: false },
});
