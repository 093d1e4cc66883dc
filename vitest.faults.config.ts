import { defineConfig } from 'vitest/config';

/** `npm run test:faults`: every fault of every call, where `npm test` tries a few of each. */
export default defineConfig({
  test: {
    include: ['test/faults/**/*.test.ts'],
    env: { FAULTS: 'all' },
    testTimeout: 3_600_000,
    hookTimeout: 600_000,
    maxWorkers: 2,
    pool: 'forks',
  },
});
