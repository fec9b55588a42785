import { defineConfig } from 'vitest/config';

/** `--mode screenshots` takes pictures to look at instead of testing. */
export default defineConfig(({ mode }) => ({
  test: {
    include: [mode === 'screenshots' ? 'test/browser/screenshots.ts' : 'test/browser/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    fileParallelism: false,
  },
}));
