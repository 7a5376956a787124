import { defineConfig } from 'vitest/config';

// biome-ignore lint/style/noDefaultExport: the way in which vitest takes its configuration
export default defineConfig({
  test: {
    root: '.',
    include: ['test/cluster/**/*.test.ts'],
    // Each file has an API server and etcd of its own.
    maxWorkers: 1,
    testTimeout: 180_000,
    hookTimeout: 120_000,
  },
});
