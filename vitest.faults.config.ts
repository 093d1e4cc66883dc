import { defineConfig } from 'vitest/config';

/** `npm run test:faults`: a fault at every place in the code, every abort and every overlap, where `npm test` tries a few of each. */
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
