import { defineConfig } from 'vitest/config';

export default defineConfig({
  define: { __VERSION__: '"0.1.0"', __RENDERER_INTEGRITY__: '"sha384-test"' },
  test: { include: ['test/*.test.ts'] },
});
