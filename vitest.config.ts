import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/browser/**', 'node_modules/**'],
    // Only to end what hangs: a machine that is busy with other things is ten times slower.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    teardownTimeout: 120_000,
    // A page or a worker may lose its share of a machine in mid-test; what is wrong fails again. The report tells.
    retry: process.env.CI == null ? 0 : 1,
    maxWorkers: 2,
    pool: 'forks',
  },
});
