import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkOperator, HessianOperator, lanczos, spectralNorm, subset } from '../../src/index.js';
import { zeroHessians } from '../unit/operators/zero-hessians.js';
import { backend, useBackend } from './backend.js';
import { browserBackend } from './contract-backend.js';

describe(`Hessians that are zero on ${backend}`, () => {
  beforeAll(() => useBackend());

  const cases = (['exact', 'finiteDifference'] as const).flatMap((method) => {
    // Differences of the net with batches take minutes on a GPU that is emulated.
    const made = zeroHessians.filter(([name]) => method === 'exact' || !name.includes('normalisation'));
    return made.map(([name, make]) => [name, method, make] as const);
  });

  it.each(cases)('%s, %s', (_, method, make) =>
    browserBackend.tidily(async () => {
      const { objective, variable, dispose } = make();
      const hessian = new HessianOperator(objective, { method });
      const block = subset(hessian, [variable]);
      const found = await lanczos(block, { k: 2 });
      expect(found.status).toBe('converged');
      expect((await spectralNorm(block)).status).toBe('converged');
      expect((await checkOperator(block)).findings).toEqual([]);
      // Measured at once or, where the device is not read at once, not yet.
      let magnitude = block.magnitude!();
      for (let turn = 0; turn < 100 && Number.isNaN(magnitude); turn++) {
        await tf.nextFrame();
        magnitude = block.magnitude!();
      }
      expect(magnitude).toBeGreaterThan(0);
      for (const value of found.eigenvalues) expect(Math.abs(value)).toBeLessThanOrEqual(1e-6 * magnitude);
      for (const owned of [found, block, hessian, { dispose }]) owned.dispose();
    }),
  );
});
