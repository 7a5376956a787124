import { defineConfig } from 'vitest/config';

// biome-ignore lint/style/noDefaultExport: the way in which vitest takes its configuration
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
