import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkOperator, HessianOperator, lanczos, spectralNorm, subset } from '../../src/index.js';
import { zeroHessians } from '../unit/operators/zero-hessians.js';
import { backend, useBackend } from './backend.js';
import { browserBackend } from './contract-backend.js';

describe(`Hessians that are zero on ${backend}`, () => {
  beforeAll(() => useBackend());

  it.each(zeroHessians)('%s', (_, make) =>
    browserBackend.tidily(async () => {
      const { objective, variable, dispose } = make();
      const hessian = new HessianOperator(objective);
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
