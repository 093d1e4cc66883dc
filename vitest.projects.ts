import { fileURLToPath } from 'node:url';
import type { TestProjectInlineConfiguration } from 'vitest/config';

/** Examples import the package by its name. */
const alias = ['wasm', 'plot', 'workers', 'nats', ''].map((entry) => ({
  find: new RegExp(`^tfjs-curvature${entry && `/${entry}`}$`),
  replacement: fileURLToPath(new URL(`src/${entry && `${entry}/`}index.ts`, import.meta.url)),
}));

const shared = {
  // Only to end what hangs: a machine that is busy with other things is ten times slower.
  testTimeout: 600_000,
  hookTimeout: 600_000,
  teardownTimeout: 120_000,
  maxWorkers: 2,
  pool: 'forks' as const,
};

/** Tests that drive a page or workers. */
const withPages = [
  'test/demo/**/*.test.ts',
  'test/workers/**/*.test.ts',
  'test/nats/**/*.test.ts',
  'test/examples/paper/unit-pool.test.ts',
  'test/examples/paper/queue.test.ts',
];

/** Tests that put modules or functions in place of others, and those of a TensorFlow.js as its import leaves it. */
const alone = [
  'test/faults/**/*.test.ts',
  'test/tfjs-contract/**/*.test.ts',
  'test/unit/operators/check-difference.test.ts',
  'test/unit/optimizers/nsgd-models.test.ts',
  'test/unit/plot/render.test.ts',
  'test/unit/tfjs/chained-ops.test.ts',
  'test/unit/tfjs/engine.test.ts',
  'test/wasm/bounds.test.ts',
  'test/wasm/out-of-memory.test.ts',
  'test/wasm/registration.test.ts',
  'test/wasm/threads/*.test.ts',
];

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** Tests of the WASM kernels once more, every call that can be divided among some threads divided. */
export const onThreads = (threads: number, include: string[]): TestProjectInlineConfiguration => ({
  resolve: {
    alias: [
      ...alias,
      { find: /^(\.\.\/)+src\/wasm\/index\.js$/, replacement: path('test/wasm/on-threads/register.ts') },
      { find: /^\.\/break-even\.js$/, replacement: path('test/wasm/on-threads/break-even.ts') },
    ],
  },
  test: {
    ...shared,
    name: `wasm on ${threads} threads`,
    include,
    env: { THREADS: String(threads) },
    setupFiles: [path('test/wasm/on-threads/setup.ts')],
    retry: 0,
  },
});

/** The tests that run in Node. */
export const nodeProjects: TestProjectInlineConfiguration[] = [
  onThreads(3, ['test/wasm/*.test.ts']),
  {
    resolve: { alias },
    test: {
      ...shared,
      name: 'node',
      include: ['test/**/*.test.ts'],
      exclude: ['test/browser/**', 'node_modules/**', ...alone, ...withPages],
      // What a process has loaded and compiled serves all its files: they take half the time.
      isolate: false,
      setupFiles: [path('test/shared-process/setup.ts')],
      // Seeded and bit for bit: a test that fails once has failed.
      retry: 0,
    },
  },
  {
    resolve: { alias },
    test: {
      ...shared,
      name: 'a process each',
      include: alone,
      // On plain WASM in `npm run test:faults` alone: with the training kernels the same places are tried.
      exclude: ['test/faults/faults-wasm.test.ts', 'node_modules/**'],
      retry: 0,
    },
  },
  {
    test: {
      ...shared,
      name: 'pages and workers',
      include: withPages,
      // A page or a worker may lose its share of a machine in mid-test; what is wrong fails again. The report tells.
      retry: process.env.CI == null ? 0 : 1,
    },
  },
];
