import { defineConfig } from 'vitest/config';

// biome-ignore lint/style/noDefaultExport: the way in which vitest takes its configuration
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // They need an API server: `make test-cluster`.
    exclude: ['test/cluster/**'],
    // Generous: what runs for seconds on a quiet machine must not fail on a busy one.
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
