import { defineConfig } from 'vitest/config';
import { onThreads } from './vitest.projects.js';

/** `npm run test:threads`: whatever runs on the WASM kernels, on two threads, where `npm test` has their own tests on three. */
export default defineConfig({
  test: {
    projects: [
      onThreads(2, [
        'test/wasm/*.test.ts',
        'test/golden-wasm-training.test.ts',
        'test/golden/spectra.test.ts',
        'test/unit/autodiff/rules/kinks.test.ts',
        'test/unit/autodiff/rules/tails.test.ts',
        'test/unit/callbacks/zero-hessian.test.ts',
        'test/unit/operators/*.test.ts',
        'test/unit/solvers/real-spectrum.test.ts',
        'test/examples/paper/models.test.ts',
      ]),
    ],
  },
});
